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

export type Buckets = (caller: string, amount: number) => Allowance;

/** Buckets that several processes share. Rejects with `StateUnavailable`. */
export type SharedBuckets = (caller: string, amount: number) => Promise<Allowance>;

interface Bucket {
  left: number;
  at: number;
}

/** Buckets in memory, of the `maxCallers` latest callers. `now` is in milliseconds. */
export function createTokenBuckets(
  { rateLimitPerSecond, rateLimitBurst }: RateLimitOptions,
  { now = () => performance.now(), maxCallers = 100_000 } = {},
): Buckets {
  // The least recently used bucket is dropped first, because it is the fullest.
  const buckets = new LRUCache<string, Bucket>({ max: maxCallers });

  const refill = (caller: string): Bucket => {
    const time = now();
    const { left, at } = buckets.get(caller) ?? { left: rateLimitBurst, at: time };
    const bucket = {
      left: Math.min(rateLimitBurst, left + ((time - at) / 1000) * rateLimitPerSecond),
      at: time,
    };
    buckets.set(caller, bucket);
    return bucket;
  };

  return (caller, amount) => {
    const bucket = refill(caller);
    const isConsumed = amount <= bucket.left;
    if (isConsumed) bucket.left -= amount;
    return { left: Math.floor(bucket.left), isConsumed };
  };
}
