import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/caller.ts';
import { type OperationReport, readTraceId } from '../context.ts';

interface Answered {
  readonly report: OperationReport;
  readonly caller: Caller | Error;
  readonly ms: number;
  /** Undefined: the one that the request names, if it does. */
  readonly traceId: string | undefined;
}

/** One line for every operation: what ran, for whom, how long, with which outcome. */
export function logOperation(
  { id, log, headers }: FastifyRequest,
  { report, caller, ms, traceId = readTraceId(headers) }: Answered,
): void {
  const principal = caller instanceof Error ? undefined : caller.principal.slice(0, 12);
  log.info({ ...report, ms: Math.round(ms), principal, requestId: id, traceId }, 'operation');
}
