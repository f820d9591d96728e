import type { FastifyBaseLogger } from 'fastify';
import type { Channel } from '../channel.ts';
import type { Config } from '../config/config.ts';
import { explainConnectionFailure } from '../connection-failure.ts';
import { connectPrimaryState } from './primary-state.ts';
import { createMemoryRecords, type LeasedRecords } from './records.ts';
import type { StateUse } from './redis-connection.ts';
import type { PersistedQueries } from './redis-state.ts';
import type { SharedWrites } from './shared-writes.ts';
import type { SharedBuckets } from './token-bucket.ts';

interface StateOptions extends Pick<Config, 'redisUrl' | 'limits' | 'http'> {
  readonly primary?: Channel | undefined;
}

/** The state that several processes share. A single process has only the records. */
export interface State {
  readonly records: LeasedRecords;
  readonly writes?: SharedWrites;
  readonly rateLimit?: { readonly take: SharedBuckets; readonly onFallback: () => void };
  /** With Redis only. */
  readonly persistedQueries?: PersistedQueries;
  /** Why Redis cannot be used, `''` where that is not known yet; undefined while it can. */
  readonly whyRedisUnreachable?: () => string | undefined;
  /** How often memory was used in place of shared state. */
  readonly fallbacks?: Partial<Record<StateUse, number>>;
  close(): void;
}

/** A command takes a millisecond. After this time without a reply the connection counts as lost. */
const REPLY_TIMEOUT_MS = { redis: 500, primary: 1000 };

/** State is kept in Redis where there is one, else with a worker's primary process, else in memory. */
export async function openState(options: StateOptions, log: FastifyBaseLogger): Promise<State> {
  if (options.redisUrl) return openRedisState(options.redisUrl.reveal(), options, log);
  if (options.primary) return openPrimaryState(options.primary, options, log);
  return { records: createMemoryRecords(), close: () => {} };
}

/** Short, so that a request that finds the shared state lost still has most of its time. */
function timeoutWithin(mostMs: number, { http }: StateOptions): number {
  return Math.min(mostMs, http.requestDeadlineMs / 4);
}

function openPrimaryState(channel: Channel, options: StateOptions, log: FastifyBaseLogger): State {
  const fallbacks = { rate_limits: 0 };
  const timeoutMs = timeoutWithin(REPLY_TIMEOUT_MS.primary, options);
  const primary = connectPrimaryState(channel, timeoutMs, (change, cause) =>
    change === 'lost' ? log.warn({ cause }, PRIMARY_LOST) : log.info('The primary process is back'),
  );
  return {
    records: primary,
    writes: primary,
    rateLimit: { take: primary.take, onFallback: () => fallbacks.rate_limits++ },
    fallbacks,
    close: primary.close,
  };
}

async function openRedisState(url: string, options: StateOptions, log: FastifyBaseLogger): Promise<State> {
  // The client of Redis is loaded only where it is used: a gateway without it starts sooner.
  const { connectSharedState } = await import('./redis-connection.ts');
  const { createPersistedQueries, createRedisRecords, createRedisWrites, createSharedBuckets } = await import(
    './redis-state.ts'
  );
  const fallbacks = { persisted_queries: 0, rate_limits: 0 };
  const explain = (cause: string) => explainConnectionFailure(cause, 'REDIS_URL');
  const warn = (cause: string) => {
    const { problem, hint } = explain(cause);
    log.warn({ cause, problem, hint }, REDIS_LOST);
  };
  let reminder: NodeJS.Timeout | undefined;
  const redis = connectSharedState({
    url,
    commandTimeoutMs: timeoutWithin(REPLY_TIMEOUT_MS.redis, options),
    onChange(change, cause) {
      clearInterval(reminder);
      if (change === 'back') return log.info('Redis is back');
      warn(cause);
      reminder = setInterval(() => warn(redis.cause()), WARN_INTERVAL_MS).unref();
    },
    onRefusal: (use, code) => log.error({ use, code, hint: HINTS[code] }, 'Redis refuses a command'),
  });
  return {
    records: createRedisRecords(redis),
    writes: createRedisWrites(redis),
    rateLimit: {
      take: createSharedBuckets(redis, options.limits),
      onFallback: () => fallbacks.rate_limits++,
    },
    persistedQueries: createPersistedQueries(redis, () => fallbacks.persisted_queries++),
    whyRedisUnreachable: () => (redis.isUp() ? undefined : explain(redis.cause()).problem),
    fallbacks,
    close() {
      clearInterval(reminder);
      redis.close();
    },
  };
}

const PRIMARY_LOST =
  'The primary process is lost: each worker limits by itself, and creates with a key are rejected';
const REDIS_LOST = 'Redis is lost: state is kept in memory, and creates with a key are rejected';
/** While Redis is lost. */
const WARN_INTERVAL_MS = 60_000;

const HINTS: Readonly<Record<string, string>> = {
  NOPERM: explainConnectionFailure('NOPERM', 'REDIS_URL').hint ?? '',
  WRONGTYPE: 'another program uses keys that begin with tokens-gateway:',
  MOVED: 'this Redis is part of a cluster: list its nodes in REDIS_URL, or append ?cluster=true',
};
