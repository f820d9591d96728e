import { PREFIX, type SharedState } from './redis-connection.ts';
import { REMEMBER_WRITES_MS, type SharedWrites } from './shared-writes.ts';

/** Among replicas: a key that expires marks a write, and what is left of its time says how long ago that was. */
export function createRedisWrites({ run, upSince }: SharedState): SharedWrites {
  const keyOf = (identity: string) => `${PREFIX}wrote:{${identity}}`;
  return {
    async report(identity) {
      await run('writes', (redis) => redis.set(keyOf(identity), '', 'PX', REMEMBER_WRITES_MS));
    },
    async sinceLast(identity) {
      const leftMs = await run('writes', (redis) => redis.pttl(keyOf(identity)));
      // What was written before Redis came back may be forgotten, or was never reported.
      const upForMs = performance.now() - upSince();
      const ageMs = Math.min(upForMs, leftMs < 0 ? Number.POSITIVE_INFINITY : REMEMBER_WRITES_MS - leftMs);
      return ageMs <= REMEMBER_WRITES_MS ? ageMs : undefined;
    },
  };
}
