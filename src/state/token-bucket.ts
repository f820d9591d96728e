export interface RateLimitOptions {
  /** Requests a second; 0 is no limit. */
  readonly rateLimitPerSecond: number;
  /** Requests that a caller may have saved up. */
  readonly rateLimitBurst: number;
}

/** What came of asking for more. */
export interface Allowance {
  /** Whole requests that are left. */
  readonly left: number;
  /** Whole seconds until as much as was asked for is there; 0 when it was taken. */
  readonly waitSeconds: number;
}

/** A token bucket for each caller. */
export interface RateLimit {
  take(caller: string, amount: number): Allowance;
}

interface Bucket {
  left: number;
  at: number;
}

/** `now` is in milliseconds. At most `maxCallers` are remembered, the latest ones. */
export function createRateLimit(
  { rateLimitPerSecond, rateLimitBurst }: RateLimitOptions,
  { now = () => performance.now(), maxCallers = 100_000 } = {},
): RateLimit {
  // In the order of their last request, so that whoever was away the longest is forgotten first: its bucket is fullest.
  const buckets = new Map<string, Bucket>();

  const refill = (caller: string): Bucket => {
    const time = now();
    const { left, at } = buckets.get(caller) ?? { left: rateLimitBurst, at: time };
    const bucket = {
      left: Math.min(rateLimitBurst, left + ((time - at) / 1000) * rateLimitPerSecond),
      at: time,
    };
    buckets.delete(caller);
    buckets.set(caller, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > maxCallers && oldest !== undefined) buckets.delete(oldest);
    return bucket;
  };

  return {
    take(caller, amount) {
      const bucket = refill(caller);
      const missing = amount - bucket.left;
      if (missing <= 0) bucket.left -= amount;
      const waitSeconds = missing <= 0 ? 0 : Math.max(1, Math.ceil(missing / rateLimitPerSecond));
      return { left: Math.floor(bucket.left), waitSeconds };
    },
  };
}
