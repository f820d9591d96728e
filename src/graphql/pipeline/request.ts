import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../auth/caller.ts';
import type { OperationRecord } from '../../telemetry/operation-record.ts';
import type { CallObserver } from '../../upstream/attempt.ts';
import type { RequestDeadline } from '../../upstream/cancellation.ts';
import type { LastWriteAt } from '../../upstream/single-flight.ts';
import type { Cost, Variables } from './cost.ts';
import type { PreparedOperation } from './prepared-operations.ts';

/** The caller of a request, or why there is none, in its public form. */
export type CallerOrError = Caller | Error;

export function isKnown(caller: CallerOrError): caller is Caller {
  return !(caller instanceof Error);
}

/** A request as the pipeline gets it: over HTTP, admitted, of a caller who is known or not. */
export interface PipelineRequest {
  readonly http: Pick<FastifyRequest, 'id' | 'log' | 'method' | 'url' | 'headers' | 'body'>;
  readonly caller: CallerOrError;
  /** Runs since the head of the request arrived. */
  readonly deadline: RequestDeadline;
  /** For log, metrics and traces; filled in on the way. */
  readonly record: OperationRecord;
  /** Observes the upstream calls. */
  readonly observer: CallObserver | undefined;
  /** Of a request that wants to know its own upstream calls. */
  readonly explanation: { toExtension(): object } | undefined;
  /** When another process last wrote for the caller's identity. Absent where only this process writes. */
  readonly lastWriteAt: LastWriteAt | undefined;
  /** Takes the cost of an operation from the caller's rate limit. The error when there is not enough left. */
  consume(upstreamCalls: number): Error | undefined | Promise<Error | undefined>;
}

/** A prepared operation on its way through the checks. They fill in what the next steps need. */
export interface PendingOperation {
  readonly request: PipelineRequest;
  readonly prepared: PreparedOperation;
  /** As they were sent, then coerced, with their defaults. */
  variables: Variables;
  cost: Cost;
}
