import { PREFIX, type SharedState } from './redis-connection.ts';
import { REMEMBER_WRITES_MS, type SharedWrites } from './shared-writes.ts';

/** Among replicas: a key that expires marks a write, and what is left of its time says how long ago that was. */
export function createRedisWrites({ run }: SharedState): SharedWrites {
  const keyOf = (identity: string) => `${PREFIX}wrote:${identity}`;
  return {
    async report(identity) {
      await run((redis) => redis.set(keyOf(identity), '', 'PX', REMEMBER_WRITES_MS));
    },
    async sinceLast(identity) {
      const leftMs = await run((redis) => redis.pttl(keyOf(identity)));
      return leftMs < 0 ? undefined : REMEMBER_WRITES_MS - leftMs;
    },
  };
}
