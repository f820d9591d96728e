import { LRUCache } from 'lru-cache';

/**
 * Decides whether one list call is likely to have several tokens that are requested by id. It keeps one fact per caller and
 * no data: the first page of the caller's list is not the whole list, lacked a requested token, or could not be read while
 * single tokens could. The fact expires, because lists change.
 */
export type ListPrefetch = ReturnType<typeof createListPrefetch>;

interface ListPrefetchOptions {
  /** The fewest ids for which the list is requested; 0 disables it. */
  readonly min: number;
  readonly maxCallers?: number;
  readonly now?: () => number;
}

interface Outcome {
  readonly wanted: number;
  readonly found: number;
  readonly hasMore: boolean;
}

const FORGET_AFTER_MS = 300_000;

export function createListPrefetch({ min, maxCallers = 10_000, now = Date.now }: ListPrefetchOptions) {
  // Callers whose list is not worth prefetching.
  const useless = new LRUCache<string, true>({
    max: maxCallers,
    ttl: FORGET_AFTER_MS,
    ttlResolution: 0,
    perf: { now },
  });
  /** Ids since the start of the process: found on a list, or not. */
  const counts = { hits: 0, misses: 0 };
  return {
    counts,
    shouldPrefetch: (principal: string, ids: number) => min > 0 && ids >= min && !useless.has(principal),
    /** Of `wanted` ids, `found` were on the list, which may have another page. */
    record(principal: string, { wanted, found, hasMore }: Outcome): void {
      counts.hits += found;
      counts.misses += wanted - found;
      if (hasMore || found < wanted) useless.set(principal, true);
    },
  };
}
