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
  // In the order of their records, so that the oldest is removed first.
  const offUntil = new Map<string, number>();
  const counts = { hits: 0, misses: 0 };
  return {
    shouldPrefetch({ identity }, ids) {
      if (min === 0 || ids < min) return false;
      const until = offUntil.get(identity);
      if (until === undefined) return true;
      if (until > now()) return false;
      offUntil.delete(identity);
      return true;
    },
    counts,
    record({ identity }, { wanted, found, hasMore }) {
      counts.hits += found;
      counts.misses += wanted - found;
      if (!hasMore && found === wanted) return;
      offUntil.delete(identity);
      offUntil.set(identity, now() + FORGET_AFTER_MS);
      const [oldest] = offUntil.keys();
      if (offUntil.size > maxCallers && oldest !== undefined) offUntil.delete(oldest);
    },
  };
}
