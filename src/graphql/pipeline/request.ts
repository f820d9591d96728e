import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../auth/authenticator.ts';
import type { OperationRecord } from '../../telemetry/operation-log.ts';
import type { IdempotentCreate } from '../../tokens/idempotent-create.ts';
import type { Loaders } from '../../tokens/loaders.ts';
import type { PrivateKeySearch } from '../../tokens/private-key-text.ts';
import type { CallObserver } from '../../upstream/attempt.ts';
import type { RequestDeadline } from '../../upstream/cancellation.ts';
import type { CreateTokenBody } from '../../upstream/generated.ts';
import type { Variables } from './cost.ts';
import type { PreparedOperation } from './prepared-operations.ts';

/** The caller of a request, or why there is none, in its public form. */
export type CallerOrError = Caller | Error;

/** A request as the pipeline gets it: admitted, from a known or an unknown caller. */
export interface PipelineRequest {
  readonly http: FastifyRequest;
  readonly caller: CallerOrError;
  /** Starts when the head of the request arrives. */
  readonly deadline: RequestDeadline;
  /** For log, metrics and traces. The steps fill it in. */
  readonly record: OperationRecord;
  readonly observer: CallObserver | undefined;
  /** Present if the client has requested an explanation of its upstream calls. */
  readonly explanation: { toExtensions(): object } | undefined;
  /** Consumes the cost of an operation from the caller's rate limit. Returns the error when too little is left. */
  consume(upstreamCalls: number): Promise<Error | undefined> | undefined;
}

/** A prepared operation and the request for it. The checks fill in the values that later steps need. */
export interface PendingOperation {
  readonly request: PipelineRequest;
  readonly prepared: PreparedOperation;
  /** The variables as sent; after the coercion, coerced and with defaults. */
  variables: Variables;
  /** The most calls to IAM that it can make. */
  upstreamCalls: number;
}

/** The GraphQL context of one execution. An operation about the schema alone has none. */
export interface Context {
  /** Reads and writes on the caller's behalf. */
  readonly loaders: Loaders;
  /** Counts what IAM sent for a field. Throws `OPERATION_LIMIT_EXCEEDED` if it does not fit into the response any more. */
  countChars(chars: number): void;
  /** Creates a token at most once per idempotency key of the caller. */
  createOnce(key: string, body: CreateTokenBody): ReturnType<IdempotentCreate>;
  /** Called for each text that goes to IAM or into a URL of it. */
  readonly findPrivateKey: PrivateKeySearch;
  /** Set by resolvers, for log and metrics. User errors are data, not GraphQL errors. */
  readonly outcome: { hasUserErrors: boolean; hasUnknownValues: boolean };
}
