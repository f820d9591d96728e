import type { FastifyBaseLogger } from 'fastify';
import type { Config } from './config.ts';
import { createMemoryStore } from './state/memory-store.ts';
import { createPersistedQueries } from './state/persisted-queries.ts';
import { connectSharedState } from './state/redis.ts';
import { createRedisStore } from './state/redis-store.ts';
import { createSharedBucket } from './state/shared-bucket.ts';

/** What a second process has to know: in Redis where there is one, else in memory. */
export function openState({ redisUrl, limits }: Pick<Config, 'redisUrl' | 'limits'>, log: FastifyBaseLogger) {
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
    fallbacks,
    persistedQueries: createPersistedQueries(store, () => fallbacks.persisted_queries++),
    rateLimit: { take: createSharedBucket(redis, limits), onFallback: () => fallbacks.rate_limits++ },
    isUp: redis.isUp,
    close: redis.close,
  };
}
