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
  readTraceId,
} from './context.ts';
import type { Admission } from './plugins/admission.ts';
import { createExplanation } from './plugins/explain.ts';
import type { JsonBody } from './plugins/json-body.ts';
import { logOperation } from './plugins/operation-log.ts';
import type { OperationTrace, Tracing } from './plugins/tracing.ts';
import { sharedKey } from './shared-key.ts';
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
  /** Whether callers may ask what an operation asked of the IAM API. */
  readonly isExplainable: boolean;
  readonly tracing?: Tracing | undefined;
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

/** One request, and what is known of it before it is run. */
interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Stops when the client goes. */
  readonly client: Stop;
  readonly caller: Caller | Error;
  readonly trace: OperationTrace | undefined;
}

/**
 * Carries a request over HTTP through Apollo Server: who asks, whether there is room, one deadline, one line in the log.
 * What one caller asks twice at the same time is run once, and the bytes of its answer go to both.
 */
export function createGraphqlHandler(
  parts: GraphqlHttpParts,
): (request: FastifyRequest, reply: FastifyReply) => Promise<Buffer | FastifyReply> {
  const { authenticator, admission, operations, tracing } = parts;

  const answer = async (asked: Asked): Promise<Answer> => {
    const { request, reply, client, caller } = asked;
    if (caller instanceof Error) return run(parts, asked, client, admission.admitUnknown(request.ip, reply));
    const refusal = await admission.admit(caller.principal, reply);
    const key = refusal || isExplained(parts, request) ? undefined : sharedKey(request);
    if (key === undefined) return run(parts, asked, client, refusal);
    const shared = await operations.join(
      caller.credential.identity,
      `${caller.principal} ${caller.mayRead} ${key}`,
      { stop: client },
      ({ stop }) => run(parts, asked, stop),
    );
    if (shared.requestId === request.id) return shared;
    // A bug is told by the id of the request that met it, and each request has its own.
    return shared.report.code === 'INTERNAL_SERVER_ERROR' ? run(parts, asked, client) : toJoined(shared);
  };

  return async (request, reply) => {
    const startedAt = performance.now();
    const client = watchClient(reply.raw);
    const trace = tracing?.start(request.headers);
    try {
      const caller = await readCaller(authenticator, request.raw.rawHeaders);
      const { status, headers, body, report } = await answer({ request, reply, client, caller, trace });
      const ms = performance.now() - startedAt;
      logOperation(request, { report, caller, ms, traceId: trace?.traceId });
      trace?.end(report);
      parts.onOperation?.(report, ms);
      for (const [name, value] of headers) reply.header(name, value);
      // Not the reply itself: it is a thenable, and Fastify would wait for its stream.
      reply.code(status);
      return body;
    } catch (error) {
      trace?.end({ code: 'ABORTED', upstreamCalls: 0 });
      if (client.reason === undefined) throw error;
      return reply.hijack();
    }
  };
}

/** For the log of a request that had nothing to do. */
function toJoined(answer: Answer): Answer {
  return { ...answer, report: { ...answer.report, upstreamCalls: 0, joined: true } };
}

/** Stops when the client goes before it has its answer. */
function watchClient(response: ServerResponse): Stop {
  const client = createStop();
  response.once('close', () => {
    if (!response.writableFinished) client.stop('aborted');
  });
  return client;
}

/** `X-Explain: 1` is for developers, who have introspection as well. */
function isExplained({ isExplainable }: GraphqlHttpParts, { headers }: FastifyRequest): boolean {
  return isExplainable && headers['x-explain'] === '1';
}

/** Without a caller, only what needs none is run. With a `refusal`, nothing is. */
async function run(
  parts: GraphqlHttpParts,
  { request, reply, caller, trace }: Asked,
  stop: Stop,
  refusal?: GraphQLError,
): Promise<Answer> {
  const { apollo, admission, deadlines } = parts;
  const deadline = deadlines.start();
  const forget = stop.onStop(deadline.abandon);
  const explanation = isExplained(parts, request)
    ? createExplanation(trace?.traceId ?? readTraceId(request.headers), trace?.watch)
    : undefined;
  const context = createContext(parts.context, caller, request, {
    deadline,
    explanation,
    watch: explanation?.watch ?? trace?.watch,
    charge: (upstreamCalls) =>
      caller instanceof Error ? undefined : admission.charge(caller.principal, reply, upstreamCalls),
  });
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
