import type { Caller } from '../auth/authenticator.ts';
import { toUpstreamHeaders } from '../telemetry/operation-log.ts';
import type { IdempotentCreate } from '../tokens/idempotent-create.ts';
import type { ListPrefetch } from '../tokens/list-prefetch.ts';
import { createLoaders, type Loaders } from '../tokens/loaders.ts';
import type { Deadline } from '../upstream/cancellation.ts';
import type { IamClient } from '../upstream/iam-client.ts';
import type { PipelineRequest } from './pipeline/request.ts';

/** The part of a pino logger that is used here. */
export interface Log {
  warn(message: string): void;
}

/** The GraphQL context of one execution. An operation about the schema alone has none. */
export interface Context {
  readonly log: Log;
  readonly caller: Caller;
  /** Reads and writes on the caller's behalf. */
  readonly loaders: Loaders;
  /** The time limit of the execution. */
  readonly deadline: Deadline;
  /** Creates a token at most once per idempotency key. */
  readonly createOnce: IdempotentCreate;
  /** Set by mutations, for log and metrics: user errors are data, not GraphQL errors. */
  readonly outcome: { hasUserErrors: boolean };
}

/** The parts that all executions of the process share. */
export interface ContextParts {
  readonly client: IamClient;
  readonly listPrefetch: ListPrefetch;
  readonly createOnce: IdempotentCreate;
}

/** `deadline` is that of the execution, which may continue for other requests than this one. */
export function createContext(
  { client, listPrefetch, createOnce }: ContextParts,
  caller: Caller,
  { http, record, observer, lastWriteAt }: PipelineRequest,
  deadline: Deadline,
): Context {
  const { credential } = caller;
  const headers = toUpstreamHeaders(http.id, http.headers);
  const scope = {
    owner: deadline,
    credential,
    deadline,
    lastWriteAt,
    headers,
    counter: record,
    observer,
  };
  const loaders = createLoaders(client, scope, listPrefetch);
  return { log: http.log, caller, loaders, deadline, createOnce, outcome: { hasUserErrors: false } };
}
