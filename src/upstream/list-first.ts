/**
 * Whether one list call is likely to answer several ids. What is learned is a single fact per caller, no data: "the
 * first page of this caller's list does not hold what it asks for". It is forgotten after a while, as lists change.
 */
export interface ListFirst {
  isWorthwhile(caller: { readonly identity: string }, ids: number): boolean;
  learn(caller: { readonly identity: string }, outcome: { hasMore: boolean; missed: boolean }): void;
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
  return {
    isWorthwhile({ identity }, ids) {
      if (min === 0 || ids < min) return false;
      const until = offUntil.get(identity);
      if (until === undefined) return true;
      if (until > now()) return false;
      offUntil.delete(identity);
      return true;
    },
    learn({ identity }, { hasMore, missed }) {
      if (!hasMore && !missed) return;
      offUntil.delete(identity);
      offUntil.set(identity, now() + forgetAfterMs);
      const [oldest] = offUntil.keys();
      if (offUntil.size > maxCallers && oldest !== undefined) offUntil.delete(oldest);
    },
  };
}
