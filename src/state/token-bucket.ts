import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  readonly rateLimitPerSecond: number;
  readonly rateLimitBurst: number;
}

export interface Allowance {
  /** Whole units. */
  readonly left: number;
  /** False if there was less than the requested amount. Then nothing is consumed. */
  readonly isConsumed: boolean;
}

/** Buckets that several processes share. Rejects with `StateUnavailable`. */
export type SharedBuckets = (caller: string, amount: number) => Promise<Allowance>;

/** Buckets in memory, of the `maxCallers` latest callers. `now` is in milliseconds. */
export function createTokenBuckets(
  { rateLimitPerSecond, rateLimitBurst }: RateLimitOptions,
  { now = () => performance.now(), maxCallers = 100_000 } = {},
): (caller: string, amount: number) => Allowance {
  // The least recently used bucket is dropped first, because it is the fullest.
  const buckets = new LRUCache<string, { readonly left: number; readonly at: number }>({ max: maxCallers });
  return (caller, amount) => {
    const time = now();
    const { left, at } = buckets.get(caller) ?? { left: rateLimitBurst, at: time };
    const refilled = Math.min(rateLimitBurst, left + ((time - at) / 1000) * rateLimitPerSecond);
    const isConsumed = amount <= refilled;
    const rest = isConsumed ? refilled - amount : refilled;
    buckets.set(caller, { left: rest, at: time });
    return { left: Math.floor(rest), isConsumed };
  };
}
