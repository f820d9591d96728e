import type { IncomingHttpHeaders } from 'node:http';

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
