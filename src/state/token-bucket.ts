import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  readonly rateLimitPerSecond: number;
  readonly rateLimitBurst: number;
}

export interface Allowance {
  /** Whole units, negative while some are owed. */
  readonly left: number;
  /** False if there was less than needed. Then nothing is consumed. */
  readonly isConsumed: boolean;
}

/** Buckets that several processes share. Consumes `amount` where `needed` is left. Rejects with `StateUnavailable`. */
export type SharedBuckets = (caller: string, amount: number, needed: number) => Promise<Allowance>;

/** Buckets in memory, of the `maxCallers` latest callers. `now` is in milliseconds. `needed` is `amount` if it is absent. */
export function createTokenBuckets(
  { rateLimitPerSecond, rateLimitBurst }: RateLimitOptions,
  { now = () => performance.now(), maxCallers = 100_000 } = {},
): (caller: string, amount: number, needed?: number) => Allowance {
  // The least recently used bucket is dropped first, because it is the fullest. With `max`, memory for all buckets would be
  // taken at once: 17 ms of each start.
  const buckets = new LRUCache<string, { readonly left: number; readonly at: number }>({
    maxSize: maxCallers,
    sizeCalculation: () => 1,
  });
  return (caller, amount, needed = amount) => {
    const time = now();
    const { left, at } = buckets.get(caller) ?? { left: rateLimitBurst, at: time };
    const refilled = Math.min(rateLimitBurst, left + ((time - at) / 1000) * rateLimitPerSecond);
    const isConsumed = needed <= refilled;
    const rest = isConsumed ? refilled - amount : refilled;
    buckets.set(caller, { left: rest, at: time });
    return { left: Math.floor(rest), isConsumed };
  };
}
