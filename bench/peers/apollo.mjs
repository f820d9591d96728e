/** Apollo Server as in its getting-started guide, with got. */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { createGotClient } from './got-client.mjs';
import { createContext, resolvers, typeDefs } from './typical.mjs';

const { PORT, UPSTREAM } = process.env;
const client = createGotClient(UPSTREAM);

await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), {
  listen: { port: Number(PORT), host: '127.0.0.1' },
  context: async ({ req }) => createContext(client, req.headers.authorization),
});
