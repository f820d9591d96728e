import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { Context } from '../context.ts';
import type { Execution, Executor } from './executor.ts';
import type { KnownOperations } from './prepared-operations.ts';

export interface ExecutionOptions {
  readonly execute: Executor['execute'];
  formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError;
  /** Told of what failed, before it is formatted. */
  onErrors(errors: readonly GraphQLError[], requestId: string): void;
}

/** What an operation came to, in its public form. */
export interface PublicResult {
  readonly data: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLFormattedError[];
}

export type Execute = (execution: Execution) => Promise<PublicResult>;

/** Executes an operation that passed every check. Never rejects: what fails is in the result. */
export function createExecution({ execute, formatError, onErrors }: ExecutionOptions): Execute {
  const toPublic = (error: GraphQLError): GraphQLFormattedError => {
    const { code = 'INTERNAL_SERVER_ERROR', ...extensions } = error.extensions;
    return formatError({ ...error.toJSON(), extensions: { code, ...extensions } }, error);
  };
  return async (execution) => {
    const { data = null, errors } = await execute(execution);
    if (!errors) return { data };
    onErrors(errors, execution.context.requestId);
    return { data, errors: errors.map(toPublic) };
  };
}

/**
 * Executes operations in Apollo Server's place, which has no executor but for gateways. That one makes an object with
 * accessors for each request, which V8 keeps until its next major collection, and with it all that was read.
 */
export function execution(
  execute: Execute,
  { remember }: Pick<KnownOperations, 'remember'>,
): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({
          document,
          queryHash,
          source,
          operation,
          request,
          contextValue: context,
        }) {
          // Which operation is meant is not known: Apollo Server says so.
          if (!operation || queryHash === undefined) return null;
          const { operationName, variables = {} } = request;
          const passed = { document, documentHash: queryHash, operationName };
          remember(source, operation, passed);
          const singleResult = await execute({ ...passed, operation, variables, context });
          return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
        },
      };
    },
  };
}
