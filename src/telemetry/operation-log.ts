import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import type { AttemptReport } from '../upstream/attempt.ts';

/**
 * The facts about one operation for the log, the metrics and the traces. It holds no document and no variables: the name
 * and the hash distinguish operations, and literals may be secrets.
 */
export type OperationRecord = ReturnType<typeof createOperationRecord>;

/** Sets all members from the start, so that the records, one per request, share one hidden class of V8. */
export function createOperationRecord() {
  const unknown = undefined as string | undefined;
  const undecided = undefined as boolean | undefined;
  return {
    operation: unknown,
    kind: unknown,
    /** The first 16 digits of the SHA-256 of the document's text. */
    document: unknown,
    /** True when the document is not one of the trusted documents. */
    untrusted: undecided,
    /**
     * The code of the first error; else `USER_ERROR` where a mutation has user errors, or `OK`. `ABORTED` where the client
     * has left before the response, except for a mutation that runs: it has the code of its outcome.
     */
    code: unknown,
    /** Why the caller was rejected, where the code does not say it: `AuthError.reason`. */
    reason: unknown,
    /** Attempts of calls to IAM that this operation caused. */
    upstreamCalls: 0,
    /** True when another request executed the operation. */
    coalesced: undecided,
  };
}

interface FinishedOperation {
  readonly record: OperationRecord;
  /** SHA-256 of what identifies the caller; undefined when the caller is unknown. */
  readonly principal: string | undefined;
  readonly ms: number;
  readonly traceId: string | undefined;
}

/**
 * Writes one line for every operation: the operation, its caller, duration and outcome. The line holds only texts and
 * numbers, so pino's search for credentials in nested members, half the cost of a line, is switched off.
 */
export function createOperationLog(
  log: FastifyBaseLogger,
): (requestId: string, finished: FinishedOperation) => void {
  const lines = log.child({}, { redact: [] });
  return (requestId, { record, principal, ms, traceId }) => {
    lines.info(
      { durationMs: Math.round(ms), principal: principal?.slice(0, 12), requestId, traceId, ...record },
      'operation',
    );
  };
}

/**
 * Writes one line for each attempt of an upstream call, at `debug`. Does nothing at other levels, because a request may
 * make many calls.
 */
export function createCallLog(log: FastifyBaseLogger): (report: AttemptReport) => void {
  return ({ operation, attempt, status, failure, durationMs, headers }) => {
    if (log.level !== 'debug' && log.level !== 'trace') return;
    log.debug(
      {
        requestId: headers['x-request-id'],
        traceId: readTraceId(headers),
        upstreamOperation: operation,
        attempt: attempt + 1,
        status,
        failure: failure?.message,
        durationMs: Math.round(durationMs),
      },
      'upstream',
    );
  };
}

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;
const MAX_TRACESTATE = 512;

/** The id of the trace that a request belongs to by its `traceparent` (W3C Trace Context). */
export function readTraceId({ traceparent }: IncomingHttpHeaders): string | undefined {
  return typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
}

/** The headers of a client's request that upstream calls repeat, besides the credential: trace context and request id. */
export function toUpstreamHeaders(
  requestId: string,
  { traceparent, tracestate }: IncomingHttpHeaders,
): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': requestId };
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return headers;
  headers.traceparent = traceparent;
  if (typeof tracestate === 'string' && tracestate.length <= MAX_TRACESTATE) headers.tracestate = tracestate;
  return headers;
}
