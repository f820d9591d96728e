import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../admission/admission.ts';
import { AuthError } from '../auth/auth-error.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { rejection, toReadError } from '../errors.ts';
import type { ClientAddress } from '../http/client-address.ts';
import { onClose } from '../http/connections.ts';
import { HttpError } from '../http/error-response.ts';
import { chooseResultType, prefersHtml, type ResultType } from '../http/media-type.ts';
import type { Page } from '../http/page.ts';
import { describeError } from '../telemetry/failures.ts';
import {
  createOperationLog,
  createOperationRecord,
  type OperationRecord,
  readTraceId,
} from '../telemetry/operation-log.ts';
import type { OperationTrace, Tracing } from '../telemetry/tracing.ts';
import { type Deadlines, raceCancel } from '../upstream/cancellation.ts';
import { createExplanation } from './explanation.ts';
import type { Executed } from './pipeline/execute.ts';
import type { CallerOrError, PipelineRequest } from './pipeline/request.ts';
import { type GraphqlResponse, isPublic, toRejectionResponse, toResponse } from './pipeline/response.ts';

interface GraphqlHandlerParts {
  readonly pipeline: (request: PipelineRequest) => Promise<Executed>;
  /** The page for browsers; undefined where there is none. */
  readonly page: Page | undefined;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly clientAddress: ClientAddress;
  readonly deadlines: Deadlines;
  readonly log: FastifyBaseLogger;
  /** Whether clients may see the upstream calls of their requests: `X-Explain: 1`. */
  readonly isExplainable: boolean;
  readonly tracing?: Tracing | undefined;
  /** Called for every operation that gets a response. */
  readonly onOperation?: ((record: OperationRecord, ms: number) => void) | undefined;
}

/**
 * Handles `/graphql`: finds the caller, applies admission, runs the pipeline, responds, and writes one log line.
 *
 * A request ends in one of five ways: with the page of the explorer; with a result; rejected, with the errors as the reason;
 * with an internal error, which is logged and masked; or without a response, because its client has left.
 */
export function createGraphqlHandler(
  parts: GraphqlHandlerParts,
): (request: FastifyRequest, reply: FastifyReply) => Promise<GraphqlResponse['body'] | FastifyReply> {
  const { pipeline, page, admission, authenticator, deadlines, tracing, log } = parts;
  const logOperation = createOperationLog(log);

  const toRequest = (http: FastifyRequest, reply: FastifyReply, known: Known): PipelineRequest => {
    const { caller, deadline, record, trace } = known;
    const isExplained = parts.isExplainable && http.headers['x-explain'] === '1';
    const traceId = trace?.traceId ?? readTraceId(http.headers);
    const explanation = isExplained ? createExplanation(traceId, trace?.observer) : undefined;
    const observer = explanation?.observer ?? trace?.observer;
    const consume = (upstreamCalls: number) =>
      caller instanceof Error ? undefined : admission.consume(caller.principal, reply, upstreamCalls);
    return { http, caller, deadline, record, observer, explanation, consume };
  };

  /**
   * Throws when the caller has too many large results. The result of a mutation is never withheld, because the caller must
   * learn its outcome.
   */
  const admitResult = (
    reply: FastifyReply,
    { caller, record }: Known,
    body: GraphqlResponse['body'],
  ): void => {
    if (caller instanceof Error || record.kind !== 'query') return;
    const exceeded = admission.admitResponse(caller.principal, reply, body.length);
    if (exceeded) throw exceeded;
  };

  /** Returns the response, also for a rejected request. Rejects only when the client has left. */
  const respond = async (
    http: FastifyRequest,
    reply: FastifyReply,
    known: Known,
  ): Promise<GraphqlResponse> => {
    const { caller, deadline, record, type } = known;
    const request = toRequest(http, reply, known);
    try {
      const exceeded =
        caller instanceof Error
          ? admission.admitUnknown(parts.clientAddress(http.raw), reply)
          : await admission.admit(caller.principal, reply);
      if (exceeded) throw exceeded;
      const { body, code } = await pipeline(request);
      admitResult(reply, known, body);
      record.code = code;
      return toResponse(body, type);
    } catch (error) {
      if (deadline.cancellation.reason === 'aborted') throw error;
      const { explanation } = request;
      const extensions = explanation && { upstream: explanation.toExtension() };
      const { code, ...response } = toRejectionResponse(toPublicError(error, http, log), type, extensions);
      record.code = code;
      return response;
    }
  };

  /** The log line, the span and the metrics of an operation that has ended. */
  const report = (
    http: FastifyRequest,
    caller: CallerOrError | undefined,
    { record, trace }: Pick<Known, 'record' | 'trace'>,
  ): void => {
    const ms = performance.now() - http.raw.arrivedAt;
    const principal = caller instanceof Error ? undefined : caller?.principal;
    logOperation(http, { record, principal, ms, traceId: trace?.traceId });
    trace?.end(record);
    parts.onOperation?.(record, ms);
  };

  return async (http, reply) => {
    if (page && http.method === 'GET' && prefersHtml(http.headers.accept)) {
      reply.headers(page.headers);
      return page.html;
    }
    // Checked before anything runs: a client that accepts no media type of a result could not read the outcome.
    const type = chooseResultType(http.headers.accept);
    if (!type) throw new HttpError(406, 'Accept `application/json` or `application/graphql-response+json`.');
    const deadline = deadlines.start(performance.now() - http.raw.arrivedAt);
    onClose(reply.raw, () => {
      if (!reply.raw.writableFinished) deadline.abandon();
    });
    const record = createOperationRecord();
    const trace = tracing?.start(http.headers);
    // Stays undefined if the client leaves before it is known.
    let caller: CallerOrError | undefined;
    try {
      caller = await readCaller(authenticator, http, { deadline, record }, log);
      const { status, headers, body } = await respond(http, reply, { caller, deadline, record, trace, type });
      // Returns the body instead of the reply, which is a thenable, so Fastify would wait for its stream.
      reply.code(status).headers(headers);
      return body;
    } catch (error) {
      record.code = 'ABORTED';
      if (deadline.cancellation.reason !== 'aborted') throw error;
      // The client has left: no response can be sent.
      return reply.hijack();
    } finally {
      report(http, caller, { record, trace });
      deadline.end();
    }
  };
}

/** The facts about a request before it enters the pipeline. */
interface Known extends Pick<PipelineRequest, 'caller' | 'deadline' | 'record'> {
  readonly trace: OperationTrace | undefined;
  readonly type: ResultType;
}

/** The caller by the request's headers, or the public error why there is none. Rejects when the client has left. */
async function readCaller(
  authenticator: Authenticator,
  http: FastifyRequest,
  { deadline: { cancellation }, record }: Pick<Known, 'deadline' | 'record'>,
  log: FastifyBaseLogger,
): Promise<CallerOrError> {
  try {
    return await raceCancel(authenticator.authenticate(readAuthorization(http)), cancellation);
  } catch (error) {
    if (cancellation.reason === 'aborted') throw error;
    if (cancellation.reason === 'timeout')
      return rejection('UPSTREAM_TIMEOUT', 'The caller could not be checked in time. Try again later.');
    if (error instanceof AuthError) record.reason = error.reason;
    return toReadError(toPublicError(error, http, log));
  }
}

/**
 * Joins several `Authorization` headers, so that the authenticator rejects them: the caller must not depend on their order.
 */
function readAuthorization(http: FastifyRequest): string | undefined {
  return http.raw.headersDistinct.authorization?.join(', ');
}

/** The error for the client. An unexpected error is logged, and the client gets the request id to find it in the log. */
function toPublicError(error: unknown, { id: requestId }: FastifyRequest, log: FastifyBaseLogger): unknown {
  if (isPublic(error)) return error;
  log.error({ requestId, err: describeError(error) }, 'unexpected error');
  return rejection('INTERNAL_SERVER_ERROR', 'Internal server error', { requestId });
}
