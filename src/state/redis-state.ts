import { hash } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { RedisAddress } from '../config/urls.ts';
import type { State } from './open.ts';
import type { LeasedRecords, RecordKey } from './records.ts';
import { connectToRedis, PREFIX, type RedisConnection } from './redis-connection.ts';
import { type SharedWrites, WRITE_MARK_TTL_MS } from './shared-writes.ts';
import type { RateLimitOptions, SharedBuckets } from './token-bucket.ts';

/** The state of all replicas in Redis. Connects in the background. */
export function openRedisState(
  address: RedisAddress,
  limits: RateLimitOptions,
  commandTimeoutMs: number,
  log: FastifyBaseLogger,
): State {
  const redis = connectToRedis(address, commandTimeoutMs, log);
  return {
    records: createRecords(redis),
    writes: createWrites(redis),
    takeFromRateLimit: createBuckets(redis, limits),
    persistedQueries: createPersistedQueries(redis),
    whyRedisUnreachable: redis.whyUnreachable,
    failures: redis.failures,
    close: redis.close,
  };
}

// Each change is one script, so that checking the lease and changing the record are atomic. The two keys of a record have
// one hash tag: on a cluster they are on one node. Leases end by the clock of Redis.
const ACQUIRE = `
local isMine = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
return {redis.call('GET', KEYS[1]), isMine and 1 or 0, redis.call('PTTL', KEYS[2])}`;

const CHANGE = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[3] == 'write' then redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
if ARGV[3] == 'delete' then redis.call('DEL', KEYS[1]) end
if tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) else redis.call('DEL', KEYS[2]) end
return 1`;

function createRecords({ run }: RedisConnection): LeasedRecords {
  const keysOf = ({ id }: RecordKey): [string, string] => {
    const record = `${PREFIX}create:{${id}}`;
    // Named as in release 0.1.0, whose replicas respect the lease during an upgrade, as this one does theirs.
    return [record, `${record}:claim`];
  };
  return {
    async acquire(key, owner, leaseMs) {
      const reply = await run('idempotency', '[string,number,number]', (redis) =>
        redis.eval(ACQUIRE, 2, ...keysOf(key), owner, Math.ceil(leaseMs)),
      );
      const [record, isMine, heldForMs] = reply as [string | null, 0 | 1, number];
      return { record: record ?? undefined, isAcquired: isMine === 1, heldForMs };
    },
    async change(key, owner, { leaseMs, record }) {
      const what = record
        ? ['write', record.text, Math.ceil(record.ttlMs)]
        : [record === null ? 'delete' : 'keep'];
      const reply = await run('idempotency', 'number', (redis) =>
        redis.eval(CHANGE, 2, ...keysOf(key), owner, Math.ceil(leaseMs), ...what),
      );
      return reply === 1;
    },
  };
}

// Uses the clock of Redis, which all replicas share. The key of a bucket that is full again expires. A rejection writes
// too: otherwise, after the clock is set back, an empty bucket would stay empty until the clock has caught up.
const TAKE = `
local rate, burst, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
left = math.min(burst, left + math.max(0, now - at) * rate)
local consumed = left >= tonumber(ARGV[4]) and amount or 0
left = left - consumed
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - left) / rate * 1000) + 1000)
return {math.floor(left), consumed}`;

/** Token buckets that all replicas share: one script, one key and one round trip. */
function createBuckets({ run }: RedisConnection, limits: RateLimitOptions): SharedBuckets {
  const { rateLimitPerSecond, rateLimitBurst } = limits;
  return async (caller, amount, needed) => {
    const key = `${PREFIX}rate:{${caller}}`;
    const reply = await run('rate_limits', '[number,number]', (redis) =>
      redis.eval(TAKE, 1, key, rateLimitPerSecond, rateLimitBurst, amount, needed),
    );
    const [left, consumed] = reply as [number, number];
    return { left, isConsumed: consumed > 0 };
  };
}

/** Writes of all replicas. A key that expires marks a write, and its remaining time says how long ago the write was. */
function createWrites({ run, upSince }: RedisConnection): SharedWrites {
  const keyOf = (identity: string) => `${PREFIX}wrote:{${identity}}`;
  return {
    async report(identity) {
      await run('writes', 'string', (redis) => redis.set(keyOf(identity), '', 'PX', WRITE_MARK_TTL_MS));
    },
    async sinceLast(identity) {
      const leftMs = await run('writes', 'number', (redis) => redis.pttl(keyOf(identity)));
      // Marks from before the latest reconnection may be lost, or were never stored.
      const upForMs = performance.now() - upSince();
      const ageMs = Math.min(upForMs, leftMs < 0 ? Number.POSITIVE_INFINITY : WRITE_MARK_TTL_MS - leftMs);
      return ageMs <= WRITE_MARK_TTL_MS ? ageMs : undefined;
    },
  };
}

/** The form of Apollo Server's cache of automatic persisted queries. */
export interface PersistedQueries {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
  delete(key: string): Promise<void>;
}

const TTL_MS = 24 * 3600 * 1000;
const MAX_QUERIES = 1000;

/**
 * Texts of queries by their hash, for all replicas. Each process also keeps those that it has registered, which suffices
 * while Redis is unavailable: a client whose query is unknown sends the text again, which costs one round trip.
 *
 * Clients choose the texts, and a full Redis cannot be used by anybody. So each process stores a limited number of them in
 * Redis, and further ones only in its own memory.
 */
function createPersistedQueries({ run }: RedisConnection): PersistedQueries {
  const own = new LRUCache<string, { text: string; isShared: boolean }>({ max: MAX_QUERIES, ttl: TTL_MS });
  return {
    async get(key) {
      const known = own.get(key);
      if (known) return known.text;
      const text = await run('persisted_queries', 'string', (redis) => redis.get(PREFIX + key)).catch(
        () => null,
      );
      // Documents are looked up by their hash, so a wrong text would run in place of the right one, even for clients that
      // send the right text.
      return text !== null && key.endsWith(hash('sha256', text, 'hex')) ? text : undefined;
    },
    async set(key, text) {
      own.purgeStale();
      const isShared = own.peek(key)?.isShared ?? own.size < MAX_QUERIES;
      own.set(key, { text, isShared });
      if (!isShared) return;
      await run('persisted_queries', 'string', (redis) => redis.set(PREFIX + key, text, 'PX', TTL_MS)).catch(
        () => null,
      );
    },
    // Apollo Server requires this function and does not call it.
    async delete() {},
  };
}
