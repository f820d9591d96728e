import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { prefersHtml } from './media-type.ts';
import { nothingHere } from './validate-request.ts';

const EXPLORERS: Readonly<Record<Config['explorer'], string | undefined>> = {
  sandbox: '/graphql',
  both: '/graphql',
  graphiql: '/graphiql',
  off: undefined,
};

/** `GET /` leads a browser to the explorer. It is 404 otherwise, as every path that is not served. */
export function home(app: FastifyInstance, explorer: Config['explorer']): void {
  const target = EXPLORERS[explorer];
  app.get('/', { exposeHeadRoute: true }, async ({ headers }, reply) => {
    reply.header('vary', 'accept');
    if (!target || !prefersHtml(headers.accept)) throw nothingHere();
    return reply.redirect(target);
  });
}
