import { LRUCache } from 'lru-cache';
import { PREFIX, type SharedState } from './redis-connection.ts';

/** The form of Apollo Server's cache of automatic persisted queries. */
export interface PersistedQueries {
  get(key: string): Promise<string | undefined>;
  set(key: string, query: string): Promise<void>;
  delete(key: string): Promise<void>;
}

const TTL_MS = 24 * 3600 * 1000;
const MAX_QUERIES = 1000;

/**
 * Texts of queries by their hash, for all replicas. While Redis is away each replica keeps its own; a client whose query
 * is not known sends its text again, so nothing is lost but a round trip.
 */
export function createPersistedQueries({ run }: SharedState, onFallback: () => void): PersistedQueries {
  const own = new LRUCache<string, string>({ max: MAX_QUERIES, ttl: TTL_MS });
  const orOwn = <Value>(shared: Promise<Value>, fallback: () => Value): Promise<Value> =>
    shared.catch(() => {
      onFallback();
      return fallback();
    });
  return {
    get: (key) =>
      orOwn(
        run('persisted_queries', async (redis) => (await redis.get(PREFIX + key)) ?? undefined),
        () => own.get(key),
      ),
    set: (key, query) =>
      orOwn(
        run('persisted_queries', async (redis) => {
          await redis.set(PREFIX + key, query, 'PX', TTL_MS);
        }),
        () => void own.set(key, query),
      ),
    delete: (key) =>
      orOwn(
        run('persisted_queries', async (redis) => {
          await redis.del(PREFIX + key);
        }),
        () => void own.delete(key),
      ),
  };
}
