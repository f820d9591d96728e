import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { createContext, resolvers, typeDefs } from '../typical.mjs';
import { createUndiciClient } from '../undici-client.mjs';

const { PORT, UPSTREAM } = process.env;
const client = createUndiciClient(UPSTREAM);

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  // yoga copies only own members, so getters are read here.
  context: ({ request }) => {
    const context = createContext(client, request.headers.get('authorization'));
    const { authorization, tokenLoader, projectsLoader } = context;
    return { client, authorization, tokenLoader, projectsLoader };
  },
  graphiql: false,
  logging: false,
});
createServer(yoga).listen(PORT, '127.0.0.1');
