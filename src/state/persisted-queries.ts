import { createMemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

/** The form of Apollo Server's cache of automatic persisted queries. */
export interface PersistedQueries {
  get(key: string): Promise<string | undefined>;
  set(key: string, query: string): Promise<void>;
  delete(key: string): Promise<void>;
}

const TTL_MS = 24 * 3600 * 1000;
const MAX_QUERIES = 1000;

/**
 * Texts of queries by their hash, for all replicas. While `shared` is away each replica keeps its own; a client whose
 * query is not known sends its text again, so nothing is lost but a round trip.
 */
export function createPersistedQueries(shared: Store, onFallback: () => void): PersistedQueries {
  const own = createMemoryStore({ maxEntries: MAX_QUERIES });
  const orOwn = <T>(use: (store: Store) => Promise<T>): Promise<T> =>
    use(shared).catch(() => {
      onFallback();
      return use(own);
    });
  return {
    get: (key) => orOwn((store) => store.get(key)),
    // No room in memory, either: the query is not persisted, which its client notices by itself.
    set: (key, query) => orOwn((store) => store.set(key, query, TTL_MS)).catch(() => undefined),
    delete: (key) => orOwn((store) => store.delete(key)),
  };
}
