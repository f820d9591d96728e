export interface RateLimitOptions {
  /** Requests a second; 0 is no limit. */
  readonly rateLimitPerSecond: number;
  /** Requests that a caller may have saved up. */
  readonly rateLimitBurst: number;
}

/** A token bucket for each caller. */
export interface RateLimit {
  /** Takes one request of this caller; otherwise says how many whole seconds to wait. */
  take(principal: string): number | undefined;
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

  const refill = (principal: string): Bucket => {
    const time = now();
    const { left, at } = buckets.get(principal) ?? { left: rateLimitBurst, at: time };
    const bucket = {
      left: Math.min(rateLimitBurst, left + ((time - at) / 1000) * rateLimitPerSecond),
      at: time,
    };
    buckets.delete(principal);
    buckets.set(principal, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > maxCallers && oldest !== undefined) buckets.delete(oldest);
    return bucket;
  };

  return {
    take(principal) {
      if (rateLimitPerSecond === 0) return undefined;
      const bucket = refill(principal);
      if (bucket.left < 1) return Math.max(1, Math.ceil((1 - bucket.left) / rateLimitPerSecond));
      bucket.left--;
      return undefined;
    },
  };
}
