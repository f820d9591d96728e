import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { prefersHtml } from './media-type.ts';
import { createPage } from './page.ts';
import { nothingHere } from './validate-request.ts';

const EXPLORERS: Readonly<Record<Config['explorer'], string | undefined>> = {
  sandbox: '/graphql',
  both: '/graphql',
  graphiql: '/graphiql',
  off: undefined,
};

/**
 * `GET /` for people who open the address of the gateway: the explorer, or where there is none, what this is. Programs get
 * 404, as for every path that is not served.
 */
export function home(app: FastifyInstance, explorer: Config['explorer']): void {
  const target = EXPLORERS[explorer];
  const page = createPage({
    title: 'Tokens Gateway',
    body: '<main>This is a Tokens Gateway: send GraphQL requests to <code>POST /graphql</code>.</main>',
  });
  app.get('/', { exposeHeadRoute: true }, async ({ headers }, reply) => {
    reply.header('vary', 'accept');
    if (!prefersHtml(headers.accept)) throw nothingHere();
    return target ? reply.redirect(target) : reply.headers(page.headers).send(page.html);
  });
}
