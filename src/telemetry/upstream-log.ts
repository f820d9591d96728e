import type { FastifyBaseLogger } from 'fastify';
import { readTraceId } from './trace-context.ts';

interface Attempt {
  readonly operation: string;
  /** From 0. */
  readonly attempt: number;
  readonly status: number | undefined;
  readonly failure: Error | undefined;
  readonly durationMs: number;
  /** The trace context and the request id that went with it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Writes one line for each attempt of an upstream call, at `debug`. Does nothing at other levels: a request may be many calls. */
export function createCallLog(log: FastifyBaseLogger): (attempt: Attempt) => void {
  return ({ operation, attempt, status, failure, durationMs, headers }) => {
    // The level may change at any time.
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
