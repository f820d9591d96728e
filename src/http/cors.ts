import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** Of GraphQL clients (Apollo's name their application and its version), and of what traces their requests. */
const HEADERS = [
  'accept',
  'content-type',
  'authorization',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'apollographql-client-name',
  'apollographql-client-version',
  'x-request-id',
  'x-explain',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
];
/** What pages may read of an answer, besides what every page may. */
const EXPOSED_HEADERS = ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy'];

/** CORS with an allow-list. Pages of other origins get no answer that they can read. */
export async function crossOrigin(
  app: FastifyInstance,
  { origins, headers }: { readonly origins: readonly string[]; readonly headers: readonly string[] },
): Promise<void> {
  await app.register(cors, {
    origin: [...origins],
    allowedHeaders: [...new Set([...HEADERS, ...headers])],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 86_400,
    // An OPTIONS that is no preflight would be refused in plain text; answering it like one gives nothing away.
    strictPreflight: false,
  });
}
