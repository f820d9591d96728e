import type { FastifyBaseLogger } from 'fastify';
import type { Channel } from '../channel.ts';
import type { Config } from '../config/config.ts';
import { openPrimaryState } from './primary-state.ts';
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
  /** The token buckets of all processes. */
  readonly takeFromRateLimit?: SharedBuckets;
  /** Present with Redis only. */
  readonly persistedQueries?: PersistedQueries;
  /** Why Redis cannot be used; `''` if not known yet; undefined while it can be used. */
  readonly whyRedisUnreachable?: () => string | undefined;
  /** How often Redis did not serve a use, or a probe. Present with Redis only. */
  readonly failures?: Readonly<Record<StateUse, number>>;
  close(): void;
}

/** A command takes a millisecond. After this time without a reply the connection counts as lost. */
const REPLY_TIMEOUT_MS = { redis: 500, primary: 1000 };

/** State is kept in Redis where there is one, else with a worker's primary process, else in memory. */
export async function openState(options: StateOptions, log: FastifyBaseLogger): Promise<State> {
  // Short, so that a request during an outage of the shared state still has most of its time.
  const maxTimeoutMs = options.http.requestDeadlineMs / 4;
  if (options.redisUrl) {
    // The client of Redis is loaded only where it is used: a gateway without it starts sooner.
    const { openRedisState } = await import('./redis-state.ts');
    const timeoutMs = Math.min(REPLY_TIMEOUT_MS.redis, maxTimeoutMs);
    return openRedisState(options.redisUrl.reveal(), options.limits, timeoutMs, log);
  }
  if (options.primary)
    return openPrimaryState(options.primary, Math.min(REPLY_TIMEOUT_MS.primary, maxTimeoutMs), log);
  return { records: createMemoryRecords(), close: () => {} };
}
