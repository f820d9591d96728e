import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { describeBug } from '../../telemetry/describe-error.ts';
import type { Deadline } from '../../upstream/cancellation.ts';
import { type ContextParts, createContext } from '../context.ts';
import { formatError, isAboutInput } from '../mask-error.ts';
import type { Executor } from './executor.ts';
import { isKnown, type PendingOperation } from './request.ts';
import { encodeResult } from './response.ts';

/** The outcome of an operation, which may go to several requests. */
export interface Executed {
  readonly body: string | Buffer;
  /** Of the first error; else `USER_ERROR` where a mutation has user errors, or `OK`. */
  readonly code: string;
  /** True when the outcome is only for the request that was executed: an internal error has its id. */
  readonly isPersonal: boolean;
}

export type Execute = (pending: PendingOperation, deadline: Deadline) => Promise<Executed>;

const INTERNAL = 'INTERNAL_SERVER_ERROR';

/** Executes operations that passed every check. Never rejects for what fails in them: that is in the outcome. */
export function createExecute(executor: Executor, context: ContextParts, log: FastifyBaseLogger): Execute {
  const toPublic = (error: GraphQLError, requestId: string): GraphQLFormattedError => {
    const { code = isAboutInput(error) ? 'BAD_USER_INPUT' : INTERNAL, ...extensions } = error.extensions;
    if (code === INTERNAL) {
      log.error({ requestId, path: error.path, err: describeBug(error.originalError ?? error) }, 'bug');
      extensions.requestId = requestId;
    }
    return formatError({ ...error.toJSON(), extensions: { code, ...extensions } }, error);
  };
  return async ({ request, prepared, variables }, deadline) => {
    const { document, operation, hash, operationName, needsCaller } = prepared;
    const { caller, explanation, http } = request;
    const own =
      needsCaller && isKnown(caller) ? createContext(context, caller, request, deadline) : undefined;
    const result = await executor.execute({
      document,
      operation,
      documentHash: hash,
      operationName,
      variables,
      context: own,
    });
    const { data = null } = result;
    const errors = result.errors?.map((error) => toPublic(error, http.id));
    return {
      body: encodeResult({
        errors,
        data,
        extensions: explanation && { upstream: explanation.toExtension() },
      }),
      code: errors ? String(errors[0]?.extensions?.code) : own?.outcome.hasUserErrors ? 'USER_ERROR' : 'OK',
      isPersonal: errors?.some(({ extensions }) => extensions?.code === INTERNAL) ?? false,
    };
  };
}
