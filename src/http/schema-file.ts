import type { FastifyInstance } from 'fastify';

/** The schema as text, for tools that want a file. Only where introspection is on: it says the same. */
export function schemaFile(app: FastifyInstance, typeDefs: string): void {
  app.get('/schema.graphql', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(`${typeDefs}\n`),
  );
}
