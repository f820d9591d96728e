import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../admission/admission.ts';
import { AuthError, type Authenticator } from '../auth/authenticator.ts';
import { rejection } from '../errors.ts';
import type { ClientAddress } from '../http/client-address.ts';
import { onClose } from '../http/connections.ts';
import { HttpError } from '../http/error-response.ts';
import { chooseResultType, prefersHtml, type ResultType } from '../http/media-type.ts';
import type { HtmlPage } from '../http/page.ts';
import { headerValues } from '../http/validate-request.ts';
import {
  createOperationLog,
  createOperationRecord,
  type OperationRecord,
  readTraceId,
} from '../telemetry/operation-log.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { type Deadlines, type RequestDeadline, raceCancel } from '../upstream/cancellation.ts';
import { createExplanation } from './explanation.ts';
import type { Executed } from './pipeline/execute.ts';
import type { CallerOrError, PipelineRequest } from './pipeline/request.ts';
import { type GraphqlResponse, toPublicError, toRejectionResponse, toResponse } from './pipeline/response.ts';

interface GraphqlHandlerParts {
  readonly pipeline: (request: PipelineRequest) => Promise<Executed>;
  /** The page for browsers; undefined where there is none. */
  readonly page: HtmlPage | undefined;
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

  /** The caller by the request's headers, or the public error why there is none. Rejects when the client has left. */
  const readCaller = async (
    http: FastifyRequest,
    { cancellation }: RequestDeadline,
    record: OperationRecord,
  ): Promise<CallerOrError> => {
    // Several headers are joined, so that the authenticator rejects them: the caller must not depend on their order.
    const authorization = headerValues(http.raw, 'authorization').join(', ');
    try {
      return await raceCancel(authenticator.authenticate(authorization), cancellation);
    } catch (error) {
      if (cancellation.reason === 'aborted') throw error;
      if (cancellation.reason === 'timeout')
        return rejection('UPSTREAM_TIMEOUT', 'The caller could not be checked in time. Try again later.');
      if (error instanceof AuthError) record.reason = error.reason;
      return toPublicError(error, http.id, log);
    }
  };

  /** Rejects when the caller sends too many requests, as the pipeline does, and when it has too many large results. */
  const run = async (request: PipelineRequest, reply: FastifyReply): Promise<Executed> => {
    const { http, caller, record } = request;
    const principal = principalOf(caller);
    const exceeded =
      principal === undefined
        ? admission.admitUnknown(parts.clientAddress(http.raw), reply)
        : await admission.admit(principal, reply);
    if (exceeded) throw exceeded;
    const executed = await pipeline(request);
    // The result of a mutation is never withheld, because the caller must learn its outcome.
    if (principal === undefined || record.kind !== 'query') return executed;
    const tooLarge = admission.admitResponse(principal, reply, executed.body.length);
    if (tooLarge) throw tooLarge;
    return executed;
  };

  /** Returns the response, also for a rejected request. Rejects only when the client has left. */
  const respond = async (
    request: PipelineRequest,
    reply: FastifyReply,
    type: ResultType,
  ): Promise<GraphqlResponse> => {
    const { http, deadline, record, explanation } = request;
    try {
      const { body, code } = await run(request, reply);
      record.code = code;
      return toResponse(body, type);
    } catch (error) {
      if (deadline.cancellation.reason === 'aborted') throw error;
      const publicError = toPublicError(error, http.id, log);
      const { code, ...response } = toRejectionResponse(publicError, type, explanation?.toExtensions());
      record.code = code;
      return response;
    }
  };

  const handle = async (http: FastifyRequest, reply: FastifyReply, type: ResultType) => {
    const deadline = deadlines.start(performance.now() - http.raw.arrivedAt);
    onClose(reply.raw, () => {
      if (!reply.raw.writableFinished) deadline.abandon();
    });
    const record = createOperationRecord();
    const trace = tracing?.start(http.headers);
    const traceId = trace?.traceId ?? readTraceId(http.headers);
    const isExplained = parts.isExplainable && http.headers['x-explain'] === '1';
    const explanation = isExplained ? createExplanation(traceId, trace?.observer) : undefined;
    const observer = explanation?.observer ?? trace?.observer;
    let principal: string | undefined;
    const consume = (upstreamCalls: number) =>
      principal === undefined ? undefined : admission.consume(principal, reply, upstreamCalls);
    try {
      const caller = await readCaller(http, deadline, record);
      principal = principalOf(caller);
      const request = { http, caller, deadline, record, observer, explanation, consume };
      const { status, headers, body } = await respond(request, reply, type);
      // Returns the body instead of the reply, which is a thenable, so Fastify would wait for its stream.
      reply.code(status).headers(headers);
      return body;
    } catch (error) {
      record.code = 'ABORTED';
      if (deadline.cancellation.reason !== 'aborted') throw error;
      // The client has left: no response can be sent.
      return reply.hijack();
    } finally {
      const ms = performance.now() - http.raw.arrivedAt;
      logOperation(http.id, { record, principal, ms, traceId });
      trace?.end(record);
      parts.onOperation?.(record, ms);
      deadline.end();
    }
  };

  return async (http, reply) => {
    if (page && http.method === 'GET' && prefersHtml(http.headers.accept)) {
      reply.headers(page.headers);
      return page.html;
    }
    // Checked before anything runs: a client that accepts no media type of a result could not read the outcome.
    const type = chooseResultType(http.headers.accept);
    if (!type) throw new HttpError(406, 'Accept `application/json` or `application/graphql-response+json`.');
    return handle(http, reply, type);
  };
}

function principalOf(caller: CallerOrError): string | undefined {
  return caller instanceof Error ? undefined : caller.principal;
}
