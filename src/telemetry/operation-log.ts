import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/caller.ts';
import { type OperationReport, readTraceId } from '../graphql/context.ts';

interface Answered {
  readonly report: OperationReport;
  readonly caller: Caller | Error;
  readonly ms: number;
  /** Undefined: the one that the request names, if it does. */
  readonly traceId: string | undefined;
}

/**
 * One line for every operation: what ran, for whom, how long, with which outcome. It holds texts and numbers and nothing
 * that could have members, so that the search for credentials in members, half of the price of a line, is left out.
 */
export function createOperationLog(
  log: FastifyBaseLogger,
): (request: Pick<FastifyRequest, 'id' | 'headers'>, answered: Answered) => void {
  const lines = log.child({}, { redact: [] });
  return ({ id, headers }, { report, caller, ms, traceId = readTraceId(headers) }) => {
    const principal = caller instanceof Error ? undefined : caller.principal.slice(0, 12);
    lines.info({ ms: Math.round(ms), principal, requestId: id, traceId, ...report }, 'operation');
  };
}
