import { LRUCache } from 'lru-cache';

/**
 * Decides whether one list call is likely to have several tokens that are requested by id. It keeps one fact per caller
 * and no data: the first page of this caller's list lacks tokens that the caller requests. The fact expires, as lists
 * change.
 */
export interface ListPrefetch {
  shouldPrefetch(caller: { readonly identity: string }, ids: number): boolean;
  /** Of `wanted` ids, `found` were on the list, which may have another page. */
  record(
    caller: { readonly identity: string },
    outcome: { wanted: number; found: number; hasMore: boolean },
  ): void;
  /** Ids since the start of the process: found on a list, or not. */
  readonly counts: { readonly hits: number; readonly misses: number };
}

interface ListPrefetchOptions {
  /** The fewest ids for which the list is requested; 0 disables it. */
  readonly min: number;
  readonly maxCallers?: number;
  readonly now?: () => number;
}

const FORGET_AFTER_MS = 300_000;

export function createListPrefetch(options: ListPrefetchOptions): ListPrefetch {
  const { min, maxCallers = 10_000, now = Date.now } = options;
  // Callers whose list is of no use.
  const useless = new LRUCache<string, true>({
    max: maxCallers,
    ttl: FORGET_AFTER_MS,
    ttlResolution: 0,
    perf: { now },
  });
  const counts = { hits: 0, misses: 0 };
  return {
    counts,
    shouldPrefetch: ({ identity }, ids) => min > 0 && ids >= min && !useless.has(identity),
    record({ identity }, { wanted, found, hasMore }) {
      counts.hits += found;
      counts.misses += wanted - found;
      if (hasMore || found < wanted) useless.set(identity, true);
    },
  };
}
