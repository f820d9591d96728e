import type { FastifyBaseLogger } from 'fastify';
import {
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import type { CompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { Caller, CallerRights } from '../../auth/authenticator.ts';
import type { Config } from '../../config/config.ts';
import { rejection, toFieldError } from '../../errors.ts';
import { RETRY_AFTER_SECONDS } from '../../http/error-response.ts';
import { describeError } from '../../telemetry/failures.ts';
import { toUpstreamHeaders } from '../../telemetry/operation-log.ts';
import type { IdempotentCreate } from '../../tokens/idempotent-create.ts';
import { createLoaders, type ListPrefetch } from '../../tokens/loaders.ts';
import { createPrivateKeySearch, type PrivateKeySearch } from '../../tokens/private-key-text.ts';
import { createCallQueue } from '../../upstream/attempt.ts';
import type { Deadline } from '../../upstream/cancellation.ts';
import type { IamClient } from '../../upstream/iam-client.ts';
import type { SingleFlight } from '../../upstream/single-flight.ts';
import { formatError } from '../mask-error.ts';
import type { createResultLimits } from './checks.ts';
import { toKeyText } from './coerce-variables.ts';
import { compileOperation } from './compile.ts';
import type { Variables } from './cost.ts';
import { cacheLimits, type PreparedOperation, sizeIn } from './prepared-operations.ts';
import type { Context, PendingOperation, PipelineRequest } from './request.ts';
import { encodeResult } from './response.ts';

/** The outcome of an operation, which may go to several requests. */
export interface Executed {
  readonly body: string | Buffer;
  /** The code of the first error; else `USER_ERROR` if a mutation has user errors, or `OK`. */
  readonly code: string;
  /** True when the outcome must not be shared, because an internal error contains the id of its request. */
  readonly isPersonal: boolean;
}

/**
 * Executes an operation, or waits for the execution of an identical query that the same caller is running. `execute` gets a
 * deadline that passes when no waiting request has time left. Rejects when the request's own deadline passes. Records in
 * `record` when the outcome is that of another request.
 */
export async function coalesce(
  running: SingleFlight,
  pending: PendingOperation,
  execute: (deadline: Deadline) => Promise<Executed>,
): Promise<Executed> {
  const { caller, deadline, explanation, record } = pending.request;
  if (pending.prepared.isMutation || explanation || caller instanceof Error) return execute(deadline);
  let isOwn = false;
  const start = (shared: Deadline) => {
    isOwn = true;
    return execute(shared);
  };
  let outcome: Executed | undefined;
  try {
    outcome = await running.run(caller.credential.identity, toKey(caller, pending), deadline, start);
  } catch (error) {
    // A rejection is not shared either: the headers of its own request say what is left of the rate limit.
    if (isOwn || !(error instanceof GraphQLError)) throw error;
  }
  if (outcome && isOwn) return outcome;
  if (!outcome || outcome.isPersonal) return execute(deadline);
  record.coalesced = true;
  return outcome;
}

/**
 * Equal for requests that get equal results: the caller, the operation and its variables. The principal is part of it,
 * because in `pat` mode all callers have one credential.
 */
function toKey({ principal }: CallerRights, { prepared, variables }: PendingOperation): string {
  return `${principal} ${prepared.id}${toKeyText(variables)}`;
}

/** Predicted calls to IAM of operations that run or wait. Each call that waits takes some 2 KB. */
const MAX_CALLS = 30_000;
/** Operations with so few calls are not counted; `MAX_IN_FLIGHT` limits them. */
const FEW_CALLS = 10;
const CALLS_FULL =
  'Too many calls to the IAM API are waiting at the moment. Wait `retryAfter` seconds before the next request.';

/** Returns the function that runs an operation. It rejects with `OVERLOADED` while there are too many predicted calls. */
export function createCallLimit() {
  let calls = 0;
  return async <Value>(upstreamCalls: number, run: () => Promise<Value>): Promise<Value> => {
    if (upstreamCalls <= FEW_CALLS) return run();
    if (calls + upstreamCalls > MAX_CALLS)
      throw rejection('OVERLOADED', CALLS_FULL, { retryAfter: RETRY_AFTER_SECONDS });
    calls += upstreamCalls;
    try {
      return await run();
    } finally {
      calls -= upstreamCalls;
    }
  };
}

export type Executor = ReturnType<typeof createExecutor>;

/** The parts that all executions of the process share. */
export interface ContextParts {
  readonly client: IamClient;
  readonly listPrefetch: ListPrefetch;
  readonly createOnce: IdempotentCreate;
  readonly log: FastifyBaseLogger;
  readonly limitResult: ReturnType<typeof createResultLimits>;
}

const INTERNAL = 'INTERNAL_SERVER_ERROR';
const UNKNOWN_VALUES = 'the IAM API used an enum value that the schema does not know';

/**
 * Compiles queries to functions, which run several times faster than graphql-js interprets them. Compiling costs as
 * much as some requests, so an operation is interpreted at first: a document with literals may never come again.
 */
export function createExecutor(
  schema: GraphQLSchema,
  { maxCompiledOperations: max, compileAfter }: Config['execution'],
  parts: ContextParts,
) {
  // A number says how often the operation was interpreted.
  const known = new LRUCache<string, CompiledQuery | number>(cacheLimits(Math.max(1, max)));
  const counts = { hits: 0, misses: 0 };

  const findCompiled = (prepared: PreparedOperation, variables: Variables): CompiledQuery | undefined => {
    const { id, conditions } = prepared;
    if (max === 0 || !conditions) return undefined;
    const key = conditions.reduce((text, name) => `${text} ${variables[name] === true}`, id);
    const found = known.get(key) ?? 0;
    if (typeof found === 'object') return found;
    const compiled = found >= compileAfter ? compileOperation(schema, prepared, variables) : undefined;
    // The size is that of the document, because a compiled function refers to it.
    const size = compiled ? sizeIn(known, prepared.document) : 1;
    known.set(key, compiled ?? found + 1, { size });
    return compiled;
  };
  const run = async (
    prepared: PreparedOperation,
    variableValues: Variables,
    context: SharedContext | undefined,
  ): Promise<ExecutionResult> => {
    const { executable: document, operationName, copies } = prepared;
    const runCounted = async (
      start: (contextValue: Context | undefined) => ExecutionResult | Promise<ExecutionResult>,
    ): Promise<ExecutionResult> => {
      const { countChars, end } = parts.limitResult(copies);
      try {
        return await start(context && { countChars, ...context });
      } finally {
        end();
      }
    };
    const compiled = findCompiled(prepared, variableValues);
    counts[compiled ? 'hits' : 'misses']++;
    const result =
      compiled &&
      (await runCounted((contextValue) => compiled.query(undefined, contextValue, variableValues)));
    if (result && !result.errors) return result;
    // After errors, graphql-js executes the operation again, so that its errors are the same before and after it is compiled.
    // No call is made again, because the loaders keep what was read and what failed.
    return runCounted((contextValue) =>
      execute({ schema, document, operationName, variableValues, contextValue }),
    );
  };
  const toPublic = (error: GraphQLError, isMutation: boolean, requestId: string): GraphQLFormattedError => {
    const known = toFieldError(error, isMutation);
    const { code = INTERNAL, ...extensions } = known.extensions;
    if (code === INTERNAL) {
      parts.log.error(
        { requestId, path: error.path, err: describeError(error.originalError ?? error) },
        'unexpected error',
      );
      extensions.requestId = requestId;
    }
    return formatError({ ...error.toJSON(), message: known.message, extensions: { code, ...extensions } });
  };

  return {
    /**
     * Executes an operation that passed every check. Does not reject when fields fail: their errors are part of the outcome.
     */
    async execute(pending: PendingOperation, deadline: Deadline): Promise<Executed> {
      const { request, prepared, variables } = pending;
      const { caller, explanation, http } = request;
      const context =
        prepared.needsCaller && !(caller instanceof Error)
          ? createContext(parts, caller, request, deadline)
          : undefined;
      const { data = null, errors: failed } = await run(prepared, variables, context);
      const errors = failed?.toSorted(byPlace).map((error) => toPublic(error, prepared.isMutation, http.id));
      const { hasUserErrors, hasUnknownValues } = context?.outcome ?? {};
      if (hasUnknownValues) parts.log.warn({ requestId: http.id }, UNKNOWN_VALUES);
      return {
        body: encodeResult({ errors, data, extensions: explanation?.toExtensions() }),
        code: String(errors?.[0]?.extensions?.code ?? (hasUserErrors ? 'USER_ERROR' : 'OK')),
        isPersonal: errors?.some(({ extensions }) => extensions?.code === INTERNAL) ?? false,
      };
    },
    get counts() {
      return { ...counts, size: known.size };
    },
  };
}

const PATHS = new Intl.Collator('en', { numeric: true });

/** Errors arise in the order of failures, which may be another one each time, so they are sorted by place. */
function byPlace(one: GraphQLError, other: GraphQLError): number {
  const distance = (one.positions?.[0] ?? 0) - (other.positions?.[0] ?? 0);
  return distance || PATHS.compare(String(one.path), String(other.path));
}

/** The context without the count of one execution. */
type SharedContext = Omit<Context, 'countChars'>;

/** `deadline` is that of the execution, which may continue for other requests after this one has ended. */
export function createContext(
  { client, listPrefetch, createOnce }: Pick<ContextParts, 'client' | 'listPrefetch' | 'createOnce'>,
  { credential, principal }: Caller,
  { http, record, observer }: PipelineRequest,
  deadline: Deadline,
): SharedContext {
  const headers = toUpstreamHeaders(http.id, http.headers);
  const scope = { queue: createCallQueue(), credential, deadline, headers, counter: record, observer };
  const loaders = createLoaders(client, scope, listPrefetch, principal);
  let search: PrivateKeySearch | undefined;
  return {
    loaders,
    createOnce: (key, body) => createOnce({ principal, key, body, loaders, deadline }),
    findPrivateKey(text) {
      search ??= createPrivateKeySearch();
      return search(text);
    },
    outcome: { hasUserErrors: false, hasUnknownValues: false },
  };
}
