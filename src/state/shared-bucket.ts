import { PREFIX, type SharedState } from './redis.ts';

interface BucketOptions {
  readonly rateLimitPerSecond: number;
  readonly rateLimitBurst: number;
}

/** Takes one request of a caller's bucket; otherwise says how many whole seconds to wait. Rejects with `StateLost`. */
export type SharedBucket = (principal: string) => Promise<number | undefined>;

// By the clock of the server, which all replicas share. What is full again is forgotten.
const TAKE = `
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
left = math.min(burst, left + math.max(0, now - at) * rate)
if left < 1 then return math.max(1, math.ceil((1 - left) / rate)) end
redis.call('HSET', KEYS[1], 'left', tostring(left - 1), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return 0`;

/** The bucket of all replicas together: one script, one key and one round trip for each request. */
export function createSharedBucket(
  { run }: SharedState,
  { rateLimitPerSecond, rateLimitBurst }: BucketOptions,
): SharedBucket {
  return async (principal) => {
    const key = `${PREFIX}rate:{${principal}}`;
    const waitSeconds = await run((redis) => redis.eval(TAKE, 1, key, rateLimitPerSecond, rateLimitBurst));
    return Number(waitSeconds) || undefined;
  };
}
