import { PREFIX, type SharedState } from './redis-connection.ts';

interface BucketOptions {
  readonly rateLimitPerSecond: number;
  readonly rateLimitBurst: number;
}

/** Takes `amount` of a caller's bucket: what is left, and how many whole seconds to wait if it was too little. Rejects with `StateLost`. */
export type SharedBucket = (
  caller: string,
  amount: number,
) => Promise<{ readonly left: number; readonly waitSeconds: number }>;

// By the clock of the server, which all replicas share. What is full again is forgotten.
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

/** The bucket of all replicas together: one script, one key and one round trip. */
export function createSharedBucket(
  { run }: SharedState,
  { rateLimitPerSecond, rateLimitBurst }: BucketOptions,
): SharedBucket {
  return async (caller, amount) => {
    const key = `${PREFIX}rate:{${caller}}`;
    const answer = await run('rate_limits', (redis) =>
      redis.eval(TAKE, 1, key, rateLimitPerSecond, rateLimitBurst, amount),
    );
    const [left, waitSeconds] = answer as [number, number];
    return { left, waitSeconds };
  };
}
