import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import { serveMetrics } from '../telemetry/metrics.ts';
import { type Channel, reportMetrics } from '../telemetry/worker-metrics.ts';
import { createHttpApp, listen } from './app.ts';
import { createConnections, MAX_ADMIN_CONNECTIONS } from './connections.ts';
import { type HealthOptions, health } from './health.ts';
import { rejectConnection } from './node-server.ts';
import { isLoopbackOnly } from './validate-request.ts';

type AdminOptions = Pick<Config, 'admin' | 'http' | 'limits'>;

interface AdminParts {
  readonly isDraining: () => boolean;
  /** Adds `/livez` and `/readyz`. */
  readonly addHealth: (app: FastifyInstance) => void;
  readonly readMetrics: () => Promise<string>;
}

/** The second listener, for operators: health and metrics. Rejects when its port is taken. */
export async function startAdmin(
  { admin, http, limits }: AdminOptions,
  { isDraining, addHealth, readMetrics }: AdminParts,
  log: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const connections = createConnections({ max: MAX_ADMIN_CONNECTIONS, reject: rejectConnection });
  const app = createHttpApp(
    {
      ...http,
      maxBodyBytes: limits.maxBodyBytes,
      connections,
      isLoopbackOnly: isLoopbackOnly(admin?.host ?? '', true),
    },
    log,
    isDraining,
  );
  addHealth(app);
  serveMetrics(app, readMetrics);
  if (admin) await listen(app, { ...admin, variables: { host: 'ADMIN_HOST', port: 'ADMIN_PORT' } });
  return app;
}

/** The admin listener of this process. A worker has none: its primary process has one for all. */
export async function openAdmin(
  options: AdminOptions & { readonly primary?: Channel | undefined },
  { registry, isDraining, checks }: { registry: Registry; isDraining: () => boolean; checks: HealthOptions },
  log: FastifyBaseLogger,
): Promise<FastifyInstance | undefined> {
  if (options.primary) {
    reportMetrics(registry, options.primary);
    return undefined;
  }
  const addHealth = (app: FastifyInstance) => health(app, checks);
  return startAdmin(options, { isDraining, addHealth, readMetrics: () => registry.metrics() }, log);
}
