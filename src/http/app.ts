import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:net';
import cors from '@fastify/cors';
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { type Config, ConfigError } from '../config/config.ts';
import { describeError } from '../telemetry/failures.ts';
import type { RequestMetrics } from '../telemetry/request-metrics.ts';
import type { Connections } from './connections.ts';
import { commonHeaders, HttpError, readRequestId } from './error-response.ts';
import { parseJsonBodies } from './media-type.ts';
import { createHttpServer, limitSlowClients } from './node-server.ts';
import { addRequestChecks, pathOf, toOriginForm } from './validate-request.ts';

interface HttpParts {
  /** Whether only loopback names are served: the listener is on a loopback address and authenticates nobody. */
  readonly isLoopbackOnly: boolean;
  readonly connections: Connections;
  readonly isDraining: () => boolean;
  /** Called for each response, with a route instead of the client's path. */
  readonly onResponse?: RequestMetrics['onResponse'] | undefined;
}

/** A listener without routes: the checks and headers of all requests and responses. */
export function createHttpApp(
  { http, limits: { maxBodyBytes } }: Pick<Config, 'http' | 'limits'>,
  { isLoopbackOnly, connections, isDraining, onResponse }: HttpParts,
  log: FastifyBaseLogger,
): FastifyInstance {
  const routes = new Map<string, Set<string>>();
  const onRejection = ({ statusCode: status, message: reason }: HttpError, requestId: string) => {
    log.info({ requestId, status, reason }, REJECTED_LINE);
    onResponse?.({ method: OTHER, route: OTHER, status, ms: undefined });
  };
  /** Clients choose methods and paths freely, so all unknown ones are counted under one label. */
  const countResponse = ({ method = '', url, arrivedAt }: IncomingMessage, status: number) => {
    const path = pathOf(url);
    onResponse?.({
      method: METHODS.has(method) ? method : OTHER,
      route: routes.has(path) ? path : OTHER,
      status,
      ms: performance.now() - arrivedAt,
    });
  };
  const sendError = createErrorHandler(log);
  const app = fastify({
    genReqId: readRequestId,
    requestIdHeader: false,
    rewriteUrl: ({ url = '' }) => toOriginForm(url),
    exposeHeadRoutes: false,
    bodyLimit: maxBodyBytes,
    serverFactory: (handler: RequestListener) => createHttpServer(handler, http, connections, onRejection),
    // `node-server.ts` responds to these errors.
    clientErrorHandler: () => undefined,
    // Called for a URL that cannot be decoded, for which no hooks run.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      countResponse(request.raw, 400);
      return sendError(error, request, reply.headers(commonHeaders(request.id)));
    },
    // `connections.ts` closes idle connections. Node.js would also close those whose clients have not read all of a response yet.
    forceCloseConnections: false,
    schemaController: { compilersFactory: NO_COMPILERS },
    // While draining, requests on open connections are served; `connection: close` then ends the connection.
    return503OnClosing: false,
  });
  app.addHook('onRoute', ({ url, method }) => {
    routes.set(url, new Set([...(routes.get(url) ?? []), ...[method].flat()]));
  });
  // Hooks that do not wait use the callback: a promise would cost more than their work.
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(commonHeaders(request.id));
    done();
  });
  // Sets `connection` as each response is sent, also for requests that were in flight when the drain began. Fastify sets
  // `close` for each request that arrives during the drain, and after a response with `close` Node.js sends no other one on
  // the connection. So only the response to its latest request gets it.
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (!isDraining()) return done();
    const latest = connections.openRequestsOn(raw.socket).at(-1);
    const isLatest = latest?.request === raw;
    if (isLatest) latest.isLast = true;
    reply.header('connection', isLatest ? 'close' : 'keep-alive');
    done();
  });
  if (onResponse)
    app.addHook('onResponse', ({ raw }, { statusCode }, done) => {
      countResponse(raw, statusCode);
      done();
    });
  // The order matters: hooks of one kind run in the order of their registration.
  addRequestChecks(app, routes, isLoopbackOnly);
  sendContinue(app, maxBodyBytes);
  parseJsonBodies(app);
  limitSlowClients(app, http.requestTimeoutMs);
  app.setErrorHandler<FastifyError>(sendError);
  return app;
}

/** No route has a schema. Without these, Fastify loads its compilers for schemas at each start: 20 ms. */
const NO_COMPILERS = { buildValidator: rejectSchema, buildSerializer: rejectSchema };

function rejectSchema(): never {
  throw new Error('A route has a schema: remove NO_COMPILERS.');
}

/** Sends `100 Continue` to a client that waits for it, in the last hook before the body is read, after all checks. */
function sendContinue(app: FastifyInstance, maxBodyBytes: number): void {
  app.addHook('preParsing', ({ raw, headers }, reply, _payload, done) => {
    if (!raw.waitsForContinue) return done(null);
    if (Number(headers['content-length']) > maxBodyBytes) return done(new HttpError(413, TOO_LARGE));
    raw.waitsForContinue = false;
    reply.raw.writeContinue();
    done(null);
  });
}

function createErrorHandler(log: FastifyBaseLogger) {
  return (
    error: FastifyError,
    { id: requestId, method, raw: { socket } }: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      log.error({ requestId, err: describeError(error) }, 'unexpected error');
      const extensions = { code: 'INTERNAL_SERVER_ERROR', requestId };
      return reply.code(500).send({ errors: [{ message: 'Internal server error', extensions }] });
    }
    keepConnection(reply);
    const { message, headers, errors } =
      error instanceof HttpError
        ? error
        : new HttpError(status, MESSAGES[error.code] ?? 'The request is malformed.');
    // `node-server.ts` has ended the connection and logged why, if the body did not arrive or was malformed.
    if (!socket.writableEnded) log.info({ requestId, method, status, reason: message }, REJECTED_LINE);
    return reply.code(status).headers(headers).send({ errors });
  };
}

/** Fastify sets `close` when it cannot use a body. Requests that follow are carried out, so they must get responses. */
function keepConnection(reply: FastifyReply): void {
  if (reply.hasHeader('connection'))
    reply.header('connection', reply.raw.shouldKeepAlive ? 'keep-alive' : 'close');
}

/** The log line of a request that was rejected before it was read as GraphQL. */
const REJECTED_LINE = 'request rejected';

const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST']);
const OTHER = 'other';

const TOO_LARGE = 'The body is too large.';

/** Public messages for Fastify's own errors, by their codes. */
const MESSAGES: Readonly<Record<string, string>> = {
  ECONNRESET: 'The client left before the end of its request.',
  FST_ERR_BAD_URL: 'The URL is malformed.',
  FST_ERR_CTP_BODY_TOO_LARGE: TOO_LARGE,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Send the request as `content-type: application/json`.',
};

/** Headers of GraphQL clients (Apollo's send their name and version) and of tracing in browsers. */
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
/** Response headers that pages may read, besides the ones that are always allowed. */
const EXPOSED_HEADERS = ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy'];

/** CORS with an allow-list. Pages of other origins cannot read responses. Without a list there are no CORS headers. */
export async function allowOrigins(
  app: FastifyInstance,
  { origins, headers }: Config['cors'],
): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: [...origins],
    allowedHeaders: [...new Set([...HEADERS, ...headers])],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 86_400,
    // A strict plugin would respond in plain text to an OPTIONS that is no preflight; `validate-request.ts` rejects it.
    strictPreflight: false,
  });
}

/** The beginning of the names of the variables that set a listener's `HOST` and `PORT`. */
type Prefix = '' | 'ADMIN_' | 'EMULATOR_';

/** Rejects with a `ConfigError` when the address cannot be used. */
export async function listen(
  app: FastifyInstance,
  { host, port }: Config['listen'],
  prefix: Prefix = '',
): Promise<void> {
  await app.listen({ host, port }).catch((error) => {
    throw new ConfigError([describeListenError(error, { host, port }, prefix)]);
  });
}

/** Rejects with `ConfigError` for an address on which no process could listen. A port that is in use may become free. */
export async function checkListener({ host, port }: Config['listen'], prefix: Prefix = ''): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    server.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return;
    throw new ConfigError([describeListenError(error, { host, port }, prefix)]);
  }
}

function describeListenError(error: unknown, { host, port }: Config['listen'], prefix: Prefix): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Set ${prefix}PORT, or stop what uses it.`;
    case 'EACCES':
      return `Port ${port} needs more rights than this process has. Set ${prefix}PORT to 1024 or above.`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine. Set ${prefix}HOST to one that is.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name ${host} has no address. Set ${prefix}HOST to a name or an address of this machine.`;
    default:
      return `Cannot listen on ${host}, port ${port}: ${error instanceof Error ? error.message : error}. Set ${prefix}HOST.`;
  }
}
