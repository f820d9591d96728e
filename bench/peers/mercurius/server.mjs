/** Mercurius with its own loaders for projects, and graphql-jit from the first request on. */
import fastify from 'fastify';
import mercurius from 'mercurius';
import { createContext, projectsPath, readProjects, resolvers, typeDefs } from '../typical.mjs';
import { createUndiciClient } from '../undici-client.mjs';

const { PORT, UPSTREAM } = process.env;
const client = createUndiciClient(UPSTREAM);
const { Query, Mutation } = resolvers;

const projects = async (asked, { authorization }) =>
  Promise.all(
    asked.map(async ({ obj: { id }, params: { first, after } }) =>
      readProjects(await client.get(projectsPath(id, first, after), authorization)),
    ),
  );

const app = fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Query, Mutation },
  loaders: { Token: { projects: { loader: projects, opts: { cache: false } } } },
  jit: 1,
  context: ({ headers }) => createContext(client, headers.authorization),
});
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
