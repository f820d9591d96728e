/**
 * Whether one list call is likely to answer several ids. What is learned is a single fact per caller, no data: "the
 * first page of this caller's list does not hold what it asks for". It is forgotten after a while, as lists change.
 */
export interface ListFirst {
  isWorthwhile(caller: { readonly identity: string }, ids: number): boolean;
  /** Of so many ids, so many were on the list, which may have another page. */
  learn(
    caller: { readonly identity: string },
    outcome: { asked: number; found: number; hasMore: boolean },
  ): void;
  /** Ids since the start of the process: found on a list, or not. */
  readonly counts: { readonly hits: number; readonly misses: number };
}

interface ListFirstOptions {
  /** So many different ids at least; 0 switches it off. */
  readonly min: number;
  readonly forgetAfterMs?: number;
  readonly maxCallers?: number;
  readonly now?: () => number;
}

export function createListFirst(options: ListFirstOptions): ListFirst {
  const { min, forgetAfterMs = 300_000, maxCallers = 10_000, now = Date.now } = options;
  // In order of learning, so that the oldest fact goes first.
  const offUntil = new Map<string, number>();
  const counts = { hits: 0, misses: 0 };
  return {
    isWorthwhile({ identity }, ids) {
      if (min === 0 || ids < min) return false;
      const until = offUntil.get(identity);
      if (until === undefined) return true;
      if (until > now()) return false;
      offUntil.delete(identity);
      return true;
    },
    counts,
    learn({ identity }, { asked, found, hasMore }) {
      counts.hits += found;
      counts.misses += asked - found;
      if (!hasMore && found === asked) return;
      offUntil.delete(identity);
      offUntil.set(identity, now() + forgetAfterMs);
      const [oldest] = offUntil.keys();
      if (offUntil.size > maxCallers && oldest !== undefined) offUntil.delete(oldest);
    },
  };
}
