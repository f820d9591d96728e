import type { FastifyInstance } from 'fastify';

export interface HealthOptions {
  readonly isDraining: () => boolean;
  /** Whether requests should go elsewhere for a while. */
  readonly isOverloaded: () => boolean;
  /** Whether the IAM API answers at all. */
  readonly isUpstreamReachable: () => Promise<boolean>;
  /** Whether Redis answers. Undefined: there is none. */
  readonly isRedisUp?: (() => boolean) | undefined;
  /** Of this program. */
  readonly version: string;
}

/**
 * `/livez`: the process answers. `/readyz`: it wants traffic, with one line per dependency. An unreachable IAM API is
 * told and does not make a replica unready: every replica would be, and callers would get nothing but a load balancer's
 * error where they now get ours. The same goes for Redis, without which most requests are answered.
 */
export function health(
  app: FastifyInstance,
  { isDraining, isOverloaded, isUpstreamReachable, isRedisUp, version }: HealthOptions,
): void {
  app.get('/livez', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const draining = isDraining();
    const overloaded = isOverloaded();
    const ready = !draining && !overloaded;
    const upstream = (await isUpstreamReachable()) ? 'ok' : 'unreachable';
    const lines = [
      `ready: ${yesOrNo(ready)}`,
      `upstream: ${upstream}`,
      ...redisLine(isRedisUp),
      `draining: ${yesOrNo(draining)}`,
      `overloaded: ${yesOrNo(overloaded)}`,
      `version: ${version}`,
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

function redisLine(isRedisUp: HealthOptions['isRedisUp']): string[] {
  return isRedisUp ? [`redis: ${isRedisUp() ? 'ok' : 'unreachable'}`] : [];
}
