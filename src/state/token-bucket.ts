import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  readonly rateLimitPerSecond: number;
  readonly rateLimitBurst: number;
}

export interface Allowance {
  readonly left: number;
  /** Whole seconds until there is as much as was requested; 0 when it was consumed. */
  readonly waitSeconds: number;
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
    const missing = amount - bucket.left;
    if (missing <= 0) bucket.left -= amount;
    const waitSeconds = missing <= 0 ? 0 : Math.max(1, Math.ceil(missing / rateLimitPerSecond));
    return { left: Math.floor(bucket.left), waitSeconds };
  };
}
