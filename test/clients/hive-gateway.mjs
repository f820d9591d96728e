// Hive Gateway without its command line, whose packages take 420 MB: `node hive-gateway.mjs SUPERGRAPH PORT`.
import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';

const [supergraph, port] = process.argv.slice(2);
const hive = createGatewayRuntime({
  supergraph,
  // As the client guide says.
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({
      authorization: request.headers.get('authorization') ?? undefined,
    }),
  },
  logging: 'error',
});
createServer(hive).listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
