import { PREFIX, type SharedState } from './redis-connection.ts';
import type { RateLimitOptions, SharedBuckets } from './token-bucket.ts';

// By the clock of Redis, which all replicas share. A bucket that is full again expires.
const TAKE = `
local rate, burst, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
left = math.min(burst, left + math.max(0, now - at) * rate)
if left < amount then return {math.floor(left), math.max(1, math.ceil((amount - left) / rate))} end
redis.call('HSET', KEYS[1], 'left', tostring(left - amount), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return {math.floor(left - amount), 0}`;

/** The buckets of all replicas together: one script, one key and one round trip. */
export function createSharedBuckets(
  { run }: SharedState,
  { rateLimitPerSecond, rateLimitBurst }: RateLimitOptions,
): SharedBuckets {
  return async (caller, amount) => {
    const key = `${PREFIX}rate:{${caller}}`;
    const reply = await run('rate_limits', (redis) =>
      redis.eval(TAKE, 1, key, rateLimitPerSecond, rateLimitBurst, amount),
    );
    const [left, waitSeconds] = reply as [number, number];
    return { left, waitSeconds };
  };
}
