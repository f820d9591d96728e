import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/urls.ts';
import { createHttpApp, listen } from './app.ts';
import { createConnections, MAX_ADMIN_CONNECTIONS } from './connections.ts';

interface AdminParts {
  readonly isDraining: () => boolean;
  readonly readReadiness: () => Promise<Readiness>;
  /** In the text format of Prometheus. */
  readonly readMetrics: () => Promise<string>;
}

/** Time for responses that clients are still reading when the listener closes. */
const CLOSING_MS = 500;

/**
 * The second listener, for operators: health and metrics. Rejects when its port is taken. Its clients cannot hold up the end
 * of the process for longer than `CLOSING_MS`.
 */
export async function startAdmin(
  config: Pick<Config, 'admin' | 'http' | 'limits'>,
  { isDraining, readReadiness, readMetrics }: AdminParts,
  log: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const { admin } = config;
  const connections = createConnections({ max: MAX_ADMIN_CONNECTIONS });
  const parts = { connections, isDraining, isLoopbackOnly: isLoopback(admin?.host ?? '') };
  const app = createHttpApp(config, parts, log);
  serveHealth(app, readReadiness);
  app.get('/metrics', async (_request, reply) =>
    reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await readMetrics()),
  );
  app.addHook('preClose', async () => {
    setTimeout(() => app.server.closeAllConnections(), CLOSING_MS).unref();
  });
  if (admin) await listen(app, admin, 'ADMIN_');
  return app;
}

export interface Readiness {
  readonly status: number;
  readonly text: string;
}

/** `/livez` says that the process responds, `/readyz` whether it should get requests. */
export function serveHealth(app: FastifyInstance, readReadiness: () => Promise<Readiness>): void {
  app.get('/livez', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const { status, text } = await readReadiness();
    return reply.code(status).type('text/plain').send(text);
  });
}

interface HealthChecks {
  readonly isDraining: () => boolean;
  readonly isOverloaded: () => boolean;
  /** Why IAM cannot be used, in a few words without host names. Resolves to undefined while it can. */
  readonly whyUpstreamUnreachable: () => Promise<string | undefined>;
  /** The same for Redis; `''` if the cause is not known yet. Absent without Redis. */
  readonly whyRedisUnreachable?: (() => string | undefined) | undefined;
  readonly version: string;
}

/**
 * One line per dependency, and why one cannot be reached. A replica that cannot reach IAM stays ready: otherwise all
 * replicas would become unready at once, and clients would get the load balancer's error instead of the gateway's. The same
 * applies to Redis, without which most requests work.
 */
export async function checkReadiness(checks: HealthChecks): Promise<Readiness> {
  // A drain does not wait for a slow IAM: load balancers must notice it while connections are still accepted.
  const upstream = checks.isDraining() ? undefined : await checks.whyUpstreamUnreachable();
  const draining = checks.isDraining();
  const overloaded = checks.isOverloaded();
  const ready = !draining && !overloaded;
  const redis = checks.whyRedisUnreachable?.();
  const yesOrNo = (claim: boolean) => (claim ? 'yes' : 'no');
  const okUnless = (problem: string | undefined) => (problem === undefined ? 'ok' : 'unreachable');
  const lines = [
    `ready: ${yesOrNo(ready)}`,
    ...(draining ? [] : [`upstream: ${okUnless(upstream)}`]),
    ...(checks.whyRedisUnreachable ? [`redis: ${okUnless(redis)}`] : []),
    `draining: ${yesOrNo(draining)}`,
    `overloaded: ${yesOrNo(overloaded)}`,
    `version: ${checks.version}`,
    ...(upstream ? [`upstream-cause: ${upstream}`] : []),
    ...(redis ? [`redis-cause: ${redis}`] : []),
  ];
  return { status: ready ? 200 : 503, text: `${lines.join('\n')}\n` };
}
