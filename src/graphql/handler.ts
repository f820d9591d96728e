import type { ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/caller.ts';
import { onClose } from '../http/on-close.ts';
import { createOperationLog } from '../telemetry/operation-log.ts';
import { createOperationRecord, type OperationRecord } from '../telemetry/operation-record.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { createStop, type Stop } from '../upstream/cancellation.ts';
import type { SingleFlight, Waiter } from '../upstream/single-flight.ts';
import { readCaller } from './context.ts';
import { sharedKey } from './pipeline/coalesce.ts';
import { type Answer, type Asked, createRun, type RunParts } from './run-request.ts';

export interface GraphqlHttpParts extends RunParts {
  readonly authenticator: Authenticator;
  readonly log: FastifyBaseLogger;
  /** Query operations that are running. */
  readonly operations: SingleFlight<Waiter>;
  /** Whether callers may ask what an operation asked of the IAM API. */
  readonly isExplainable: boolean;
  readonly tracing?: Tracing | undefined;
  /** Told of every operation that was answered. */
  readonly onOperation?: ((report: OperationRecord, ms: number) => void) | undefined;
}

/**
 * Carries a request over HTTP to what runs it: who asks, whether there is room, one line in the log.
 * What one caller asks twice at the same time is run once, and the bytes of its answer go to both.
 */
export function createGraphqlHandler(
  parts: GraphqlHttpParts,
): (request: FastifyRequest, reply: FastifyReply) => Promise<Answer['body'] | FastifyReply> {
  const { authenticator, admission, operations, tracing } = parts;
  const run = createRun(parts);
  const logOperation = createOperationLog(parts.log);

  const answer = async (asked: Asked): Promise<Answer> => {
    const { request, reply, client, caller } = asked;
    if (caller instanceof Error) return run(asked, client, admission.admitUnknown(request.ip, reply));
    const refusal = await admission.admit(caller.principal, reply);
    const key = refusal || asked.isExplained ? undefined : sharedKey(request);
    if (key === undefined) return run(asked, client, refusal);
    const shared = await operations.run(
      caller.credential.identity,
      `${caller.principal} ${caller.mayRead} ${key}`,
      { stop: client },
      ({ stop }) => run(asked, stop),
      parts.context.watchWrites?.(caller.credential.identity),
    );
    if (shared.requestId === request.id) return shared;
    // A bug is told by the id of the request that met it, and each request has its own.
    return shared.report.code === 'INTERNAL_SERVER_ERROR' ? run(asked, client) : toJoined(shared);
  };

  return async (request, reply) => {
    const startedAt = performance.now();
    const client = watchClient(reply.raw);
    const trace = tracing?.start(request.headers);
    try {
      const caller = await readCaller(authenticator, request.raw.rawHeaders);
      const isExplained = isExplainAsked(parts, request);
      const { status, headers, body, report } = await answer({
        request,
        reply,
        client,
        caller,
        trace,
        isExplained,
      });
      const ms = performance.now() - startedAt;
      const principal = caller instanceof Error ? undefined : caller.principal;
      logOperation(request, { record: report, principal, ms, traceId: trace?.traceId });
      trace?.end(report);
      parts.onOperation?.(report, ms);
      for (const [name, value] of headers) reply.header(name, value);
      // Not the reply itself: it is a thenable, and Fastify would wait for its stream.
      reply.code(status);
      return body;
    } catch (error) {
      trace?.end({ ...createOperationRecord(), code: 'ABORTED' });
      if (client.reason === undefined) throw error;
      return reply.hijack();
    }
  };
}

/** For the log of a request that had nothing to do. */
function toJoined(answer: Answer): Answer {
  const { status, headers, body, requestId } = answer;
  const report = { ...answer.report };
  report.upstreamCalls = 0;
  report.joined = true;
  return { status, headers, body, requestId, report };
}

/** Stops when the client goes before it has its answer. */
function watchClient(response: ServerResponse): Stop {
  const client = createStop();
  onClose(response, () => {
    if (!response.writableFinished) client.stop('aborted');
  });
  return client;
}

/** `X-Explain: 1` is for developers, who have introspection as well. */
function isExplainAsked({ isExplainable }: GraphqlHttpParts, { headers }: FastifyRequest): boolean {
  return isExplainable && headers['x-explain'] === '1';
}
