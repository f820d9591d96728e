import type { FastifyInstance } from 'fastify';

export interface HealthOptions {
  readonly isDraining: () => boolean;
  /** Whether requests should go elsewhere for a while. */
  readonly isOverloaded: () => boolean;
  /** Whether the IAM API answers at all. */
  readonly isUpstreamReachable: () => Promise<boolean>;
}

/**
 * `/livez`: the process answers. `/readyz`: it wants traffic, with one line per dependency. An unreachable IAM API is
 * told and does not make a replica unready: every replica would be, and callers would get nothing but a load balancer's
 * error where they now get ours.
 */
export function health(
  app: FastifyInstance,
  { isDraining, isOverloaded, isUpstreamReachable }: HealthOptions,
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
      `ready: ${ready ? 'yes' : 'no'}`,
      `upstream: ${upstream}`,
      `draining: ${draining ? 'yes' : 'no'}`,
      `overloaded: ${overloaded ? 'yes' : 'no'}`,
    ];
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(`${lines.join('\n')}\n`);
  });
}
