import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config/config.ts';
import { type Channel, connectPrimaryState } from './ipc-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { createPersistedQueries } from './persisted-queries.ts';
import { connectSharedState } from './redis-connection.ts';
import { createRedisStore } from './redis-store.ts';
import { createSharedBucket } from './redis-token-bucket.ts';
import { createRedisWrites } from './redis-writes.ts';

interface StateOptions extends Pick<Config, 'redisUrl' | 'limits'> {
  readonly primary?: Channel | undefined;
}

/** What a second process has to know: in Redis where there is one, else with a worker's primary process, else in memory. */
export function openState({ redisUrl, limits, primary }: StateOptions, log: FastifyBaseLogger) {
  if (!redisUrl && primary) {
    const { take, report, sinceLast, ...store } = connectPrimaryState(primary);
    // It never falls back: without its primary process a worker ends.
    const writes = { report, sinceLast };
    return { store, writes, rateLimit: { take, onFallback: () => {} }, close: () => {} };
  }
  if (!redisUrl) return { store: createMemoryStore(), close: () => {} };
  const redis = connectSharedState({
    url: redisUrl.reveal(),
    onChange: (change) =>
      change === 'lost'
        ? log.warn('Redis is lost: state is kept in memory, and creates with a key are refused')
        : log.info('Redis is back'),
  });
  const store = createRedisStore(redis);
  /** How often memory took the place of Redis. */
  const fallbacks = { persisted_queries: 0, rate_limits: 0 };
  return {
    store,
    writes: createRedisWrites(redis),
    fallbacks,
    persistedQueries: createPersistedQueries(store, () => fallbacks.persisted_queries++),
    rateLimit: { take: createSharedBucket(redis, limits), onFallback: () => fallbacks.rate_limits++ },
    isUp: redis.isUp,
    close: redis.close,
  };
}
