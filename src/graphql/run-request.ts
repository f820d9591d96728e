import type { ApolloServer } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import type { Admission } from '../admission/admission.ts';
import type { Caller } from '../auth/caller.ts';
import type { JsonBody } from '../http/json-body.ts';
import type { OperationRecord } from '../telemetry/operation-record.ts';
import { readTraceId } from '../telemetry/trace-context.ts';
import type { OperationTrace } from '../telemetry/tracing.ts';
import type { Stop } from '../upstream/cancellation.ts';
import type { Deadlines } from '../upstream/deadline.ts';
import { createExplanation } from './apollo/explain.ts';
import { createMediaTypes, printResult, toBody, toHttpGraphQLRequest } from './apollo/http.ts';
import { type Context, type ContextParts, createContext } from './context.ts';
import type { KnownOperations } from './pipeline/prepared-operations.ts';

export interface RunParts {
  readonly apollo: ApolloServer<Context>;
  /** What need not go through Apollo Server again. */
  readonly known: KnownOperations;
  readonly admission: Admission;
  readonly deadlines: Deadlines;
  readonly context: ContextParts;
}

/** One request, and what is known of it before it is run. */
export interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Stops when the client goes. */
  readonly client: Stop;
  readonly caller: Caller | Error;
  readonly trace: OperationTrace | undefined;
  /** Whether the caller wants to know what was asked of the IAM API. */
  readonly isExplained: boolean;
}

/** An answer without what belongs to one request alone: its id, and what CORS adds. */
export interface Answer {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: string | Buffer;
  readonly report: OperationRecord;
  /** Of the request that it was made for. */
  readonly requestId: string;
}

/** Runs a request until `stop` or its deadline. Without a caller, only what needs none is run. With a `refusal`, nothing is. */
export type Run = (asked: Asked, stop: Stop, refusal?: GraphQLError) => Promise<Answer>;

/** Runs what is known from before by itself, and has Apollo Server answer everything else. */
export function createRun({ apollo, known, admission, deadlines, context: parts }: RunParts): Run {
  const mediaTypes = createMediaTypes();

  const runKnown = async (request: FastifyRequest, context: Context): Promise<Answer | undefined> => {
    const mediaType = mediaTypes.of(request);
    if (mediaType === undefined) return undefined;
    const result = await known.run((request.body as JsonBody).value, context);
    if (!result) return undefined;
    const { report, requestId } = context;
    const headers = [['content-type', mediaType]] as const;
    return { status: 200, headers, body: printResult(result), report, requestId };
  };
  const askApollo = async (
    request: FastifyRequest,
    context: Context,
    refusal: GraphQLError | undefined,
  ): Promise<Answer> => {
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: toHttpGraphQLRequest(request),
      context: () => (refusal ? Promise.reject(refusal) : Promise.resolve(context)),
    });
    mediaTypes.learn(request, response);
    const { status = 200, headers } = response;
    const { report, requestId } = context;
    return { status, headers, body: toBody(response), report, requestId };
  };

  return async ({ request, reply, caller, trace, isExplained }, stop, refusal) => {
    const deadline = deadlines.start();
    const forget = stop.onStop(deadline.abandon);
    const explanation = isExplained
      ? createExplanation(trace?.traceId ?? readTraceId(request.headers), trace?.watch)
      : undefined;
    const context = createContext(parts, caller, request, {
      deadline,
      explanation,
      watch: explanation?.watch ?? trace?.watch,
      charge: (upstreamCalls) =>
        caller instanceof Error ? undefined : admission.charge(caller.principal, reply, upstreamCalls),
    });
    if (refusal) context.report.code = String(refusal.extensions.code);
    const isPlain = !refusal && !explanation;
    try {
      return (isPlain && (await runKnown(request, context))) || (await askApollo(request, context, refusal));
    } finally {
      forget();
      deadline.end();
    }
  };
}
