import type { ServerResponse } from 'node:http';
import {
  type ApolloServer,
  HeaderMap,
  type HTTPGraphQLRequest,
  type HTTPGraphQLResponse,
} from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import type { Authenticator, Caller } from './auth/caller.ts';
import {
  type Context,
  type ContextParts,
  createContext,
  type OperationReport,
  readCaller,
} from './context.ts';
import type { Admission } from './plugins/admission.ts';
import type { JsonBody } from './plugins/json-body.ts';
import type { Deadlines } from './upstream/deadline.ts';
import type { Flights, Waiter } from './upstream/flights.ts';
import { createStop, type Stop } from './upstream/stop.ts';

export interface GraphqlHttpParts {
  readonly apollo: ApolloServer<Context>;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly deadlines: Deadlines;
  /** Query operations that are running. */
  readonly operations: Flights<Waiter>;
  readonly context: ContextParts;
  /** Told of every operation that was answered. */
  readonly onOperation?: ((report: OperationReport, ms: number) => void) | undefined;
}

/** An answer without what belongs to one request alone: its id, and what CORS adds. */
interface Answer {
  readonly status: number;
  readonly headers: Iterable<[string, string]>;
  readonly body: Buffer;
  readonly report: OperationReport;
  /** Of the request that it was made for. */
  readonly requestId: string;
}

/**
 * Carries a request over HTTP through Apollo Server: who asks, whether there is room, one deadline, one line in the log.
 * What one caller asks twice at the same time is run once, and the bytes of its answer go to both.
 */
export function createGraphqlHandler(
  parts: GraphqlHttpParts,
): (request: FastifyRequest, reply: FastifyReply) => Promise<Buffer | FastifyReply> {
  const { authenticator, admission, operations } = parts;

  const answer = async (
    request: FastifyRequest,
    client: Stop,
    caller: Caller | Error,
    response: ServerResponse,
  ): Promise<Answer> => {
    if (caller instanceof Error) return run(parts, request, client, caller);
    const admitted = admission.admit(caller.principal, response);
    const refusal = admitted instanceof Promise ? await admitted : admitted;
    if (refusal) return run(parts, request, client, caller, refusal);
    const key = sharedKey(request);
    if (key === undefined) return run(parts, request, client, caller);
    const shared = await operations.join(
      caller.credential.identity,
      `${caller.principal} ${caller.mayRead} ${key}`,
      { stop: client },
      ({ stop }) => run(parts, request, stop, caller),
    );
    // A bug is told by the id of the request that met it, and each request has its own.
    const isAnothersBug = shared.requestId !== request.id && shared.report.code === 'INTERNAL_SERVER_ERROR';
    return isAnothersBug ? run(parts, request, client, caller) : shared;
  };

  return async (request, reply) => {
    const startedAt = performance.now();
    const client = watchClient(reply.raw);
    try {
      const caller = await readCaller(authenticator, request.raw.rawHeaders);
      const { status, headers, body, report } = await answer(request, client, caller, reply.raw);
      const ms = performance.now() - startedAt;
      logOperation(request, report, caller, ms);
      parts.onOperation?.(report, ms);
      for (const [name, value] of headers) reply.header(name, value);
      // Not the reply itself: it is a thenable, and Fastify would wait for its stream.
      reply.code(status);
      return body;
    } catch (error) {
      if (client.reason === undefined) throw error;
      return reply.hijack();
    }
  };
}

/** Stops when the client goes before it has its answer. */
function watchClient(response: ServerResponse): Stop {
  const client = createStop();
  response.once('close', () => {
    if (!response.writableFinished) client.stop('aborted');
  });
  return client;
}

/**
 * Under what a request may be shared with others of its caller; undefined where it is not certain that it only reads.
 * A mutation needs its keyword in the document, and GraphQL has one spelling of it. JSON has more, by escapes, and what
 * is sent by its id or hash has no document at all: those run alone. A mutation by GET is refused.
 */
function sharedKey({ method, url, headers, body }: FastifyRequest): string | undefined {
  const { accept = '', 'content-type': type = '' } = headers;
  if (method === 'GET') {
    // What Apollo Server's protection against cross-site requests looks for, and its page is each time another.
    const preflight = headers['x-apollo-operation-name'] ?? headers['apollo-require-preflight'] ?? '';
    return accept.includes('html') ? undefined : `${url} ${accept} ${type} ${preflight}`;
  }
  const { text } = body as JsonBody;
  return /mutation|persistedQuery|documentId|doc_id|\\u/.test(text) ? undefined : `${text} ${accept}`;
}

/** Without a caller, only what needs none is run. With a `refusal`, nothing is. */
async function run(
  { apollo, deadlines, context: contextParts }: GraphqlHttpParts,
  request: FastifyRequest,
  stop: Stop,
  caller: Caller | Error,
  refusal?: GraphQLError,
): Promise<Answer> {
  const deadline = deadlines.start();
  const forget = stop.onStop(deadline.abandon);
  const context = createContext(contextParts, caller, request, deadline);
  if (refusal) context.report.code = String(refusal.extensions.code);
  try {
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: toHttpGraphQLRequest(request),
      context: () => (refusal ? Promise.reject(refusal) : Promise.resolve(context)),
    });
    return toAnswer(response, context);
  } finally {
    forget();
    deadline.end();
  }
}

function toHttpGraphQLRequest({ method, url, headers, body }: FastifyRequest): HTTPGraphQLRequest {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const search = url.indexOf('?');
  return {
    method,
    headers: map,
    search: search < 0 ? '' : url.slice(search),
    body: (body as JsonBody | undefined)?.value,
  };
}

function toAnswer({ status = 200, headers, body }: HTTPGraphQLResponse, context: Context): Answer {
  // Only `@defer` and `@stream` are answered in pieces, and the schema has neither.
  if (body.kind !== 'complete') throw new Error('Expected a complete answer, got one in pieces');
  const { report, requestId } = context;
  return { status, headers, body: Buffer.from(body.string), report, requestId };
}

/** One line for every operation: what ran, for whom, how long, with which outcome. */
function logOperation(
  { id, log }: FastifyRequest,
  report: OperationReport,
  caller: Caller | Error,
  ms: number,
): void {
  const principal = caller instanceof Error ? undefined : caller.principal.slice(0, 12);
  log.info({ ...report, ms: Math.round(ms), principal, requestId: id }, 'operation');
}
