import type { FastifyInstance } from 'fastify';

export interface HealthOptions {
  readonly isDraining: () => boolean;
  /** Whether requests should go elsewhere for a while. */
  readonly isOverloaded: () => boolean;
  /** Why IAM cannot be used, in a few words without host names. Resolves to undefined while it can. */
  readonly whyUpstreamUnreachable: () => Promise<string | undefined>;
  /** The same for Redis, `''` where the cause is not known yet. Absent: there is no Redis. */
  readonly whyRedisUnreachable?: (() => string | undefined) | undefined;
  /** Of this program. */
  readonly version: string;
}

/**
 * `/livez`: the process answers. `/readyz`: it wants traffic, with one line per dependency, and why one is not reached. An unreachable IAM API is
 * told and does not make a replica unready: every replica would be, and callers would get nothing but a load balancer's
 * error where they now get ours. The same goes for Redis, without which most requests are answered.
 */
export function health(
  app: FastifyInstance,
  { isDraining, isOverloaded, whyUpstreamUnreachable, whyRedisUnreachable, version }: HealthOptions,
): void {
  app.get('/livez', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const draining = isDraining();
    const overloaded = isOverloaded();
    const ready = !draining && !overloaded;
    const upstream = await whyUpstreamUnreachable();
    const redis = whyRedisUnreachable?.();
    const lines = [
      `ready: ${yesOrNo(ready)}`,
      `upstream: ${okUnless(upstream)}`,
      ...(whyRedisUnreachable ? [`redis: ${okUnless(redis)}`] : []),
      `draining: ${yesOrNo(draining)}`,
      `overloaded: ${yesOrNo(overloaded)}`,
      `version: ${version}`,
      ...(upstream ? [`upstream-cause: ${upstream}`] : []),
      ...(redis ? [`redis-cause: ${redis}`] : []),
    ];
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(`${lines.join('\n')}\n`);
  });
}

function yesOrNo(claim: boolean): string {
  return claim ? 'yes' : 'no';
}

function okUnless(problem: string | undefined): string {
  return problem === undefined ? 'ok' : 'unreachable';
}
