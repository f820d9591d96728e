import type { IncomingHttpHeaders } from 'node:http';
import { AuthError } from '../auth/auth-error.ts';
import type { Authenticator, Caller } from '../auth/caller.ts';
import { toReadError } from '../errors.ts';
import { createOperationRecord, type OperationRecord } from '../telemetry/operation-record.ts';
import { toUpstreamHeaders } from '../telemetry/trace-context.ts';
import type { IdempotentCreate } from '../tokens/idempotent-create.ts';
import type { ListFirst } from '../tokens/list-prefetch.ts';
import { createLoaders, type Loaders } from '../tokens/loaders.ts';
import type { CallWatch } from '../upstream/attempt.ts';
import type { Deadline } from '../upstream/deadline.ts';
import type { IamClient } from '../upstream/iam-client.ts';
import type { LastWriteAt } from '../upstream/single-flight.ts';

export type { CallWatch } from '../upstream/attempt.ts';

/** The part of a pino logger that is used here. */
export interface Log {
  warn(message: string): void;
}

/** What resolvers get. One per GraphQL request; a new field is a decision. */
export interface Context {
  readonly requestId: string;
  readonly log: Log;
  /** Who asks. Throws the refusal when nobody is known: only operations that need no caller get that far. */
  readonly caller: Caller;
  /** Reads and writes on the caller's behalf. */
  readonly loaders: Loaders;
  /** Creates a token at most once per idempotency key. */
  readonly createOnce: IdempotentCreate;
  /** Takes the price of the operation from what its caller may still ask; the refusal when that is too little. */
  readonly charge: Charge;
  /** For the log; filled in as it becomes known. */
  readonly report: OperationRecord;
  /** What it asks of the IAM API, where the caller wants to know. */
  readonly explanation?: { toExtension(): object } | undefined;
}

export type Charge = (upstreamCalls: number) => MaybeRefused | Promise<MaybeRefused>;
type MaybeRefused = Error | undefined;

/** What all requests of the process have in common. */
export interface ContextParts {
  readonly client: IamClient;
  readonly listFirst: ListFirst;
  readonly createOnce: IdempotentCreate;
  /** Where other processes write as well: how requests of an identity learn of it. */
  readonly watchWrites?: ((identity: string) => LastWriteAt) | undefined;
}

/** What belongs to one run of an operation. */
interface RunParts extends Pick<Context, 'charge' | 'explanation'> {
  readonly deadline: Deadline;
  /** Told of each upstream call. */
  readonly watch: CallWatch | undefined;
}

interface ContextRequest {
  readonly id: string;
  readonly log: Log;
  readonly headers: IncomingHttpHeaders;
}

/** Who asks, by their headers; or why they may not, in its public form. Rejects only for a bug. */
export async function readCaller(
  authenticator: Authenticator,
  rawHeaders: readonly string[],
): Promise<Caller | Error> {
  try {
    return await authenticator.authenticate(readAuthorization(rawHeaders));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return toReadError(error);
  }
}

/** Sets out what a request may use. */
export function createContext(
  { client, listFirst, createOnce, watchWrites }: ContextParts,
  caller: Caller | Error,
  { id, log, headers }: ContextRequest,
  { deadline, charge, explanation, watch }: RunParts,
): Context {
  const report = createOperationRecord();
  const common = { requestId: id, log, createOnce, charge, report, explanation };
  if (caller instanceof Error) return refused(common, caller);
  const { credential } = caller;
  const upstreamHeaders = toUpstreamHeaders(id, headers);
  const scope = {
    owner: deadline,
    credential,
    deadline,
    lastWriteAt: watchWrites?.(credential.identity),
    headers: upstreamHeaders,
    tally: report,
    watch,
  };
  return { caller, loaders: createLoaders(client, scope, listFirst), ...common };
}

/**
 * The getters are on the prototype because Apollo copies the context's own members before anything asks for them:
 * there they would throw at once, and the client would get an internal error for a missing header.
 */
function refused(common: Omit<Context, 'caller' | 'loaders'>, error: Error): Context {
  const prototype = {
    get caller(): never {
      throw error;
    },
    get loaders(): never {
      throw error;
    },
  };
  return Object.assign(Object.create(prototype) as typeof prototype, common);
}

const AUTHORIZATION = 'authorization';

/** Several such headers are joined, and then refused: which of two callers it is must not be a matter of order. */
function readAuthorization(rawHeaders: readonly string[]): string | undefined {
  let joined: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length !== AUTHORIZATION.length || name.toLowerCase() !== AUTHORIZATION) continue;
    joined = joined === undefined ? rawHeaders[at + 1] : `${joined}, ${rawHeaders[at + 1]}`;
  }
  return joined;
}
