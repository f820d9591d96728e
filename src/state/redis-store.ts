import { PREFIX, type SharedState } from './redis-connection.ts';
import type { Store } from './store.ts';

/** The store of many processes. Every command touches one key, so it works on a cluster. Rejects with `StateLost`. */
export function createRedisStore({ run }: SharedState): Store {
  return {
    get: (key) => run(async (redis) => (await redis.get(PREFIX + key)) ?? undefined),
    add: (key, value, ttlMs) =>
      run(async (redis) => (await redis.set(PREFIX + key, value, 'PX', ttlMs, 'NX')) === 'OK'),
    set: (key, value, ttlMs) =>
      run(async (redis) => {
        await redis.set(PREFIX + key, value, 'PX', ttlMs);
      }),
    delete: (key) =>
      run(async (redis) => {
        await redis.del(PREFIX + key);
      }),
  };
}
