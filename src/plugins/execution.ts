import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { Context } from '../context.ts';
import type { Execution, Executor } from '../executor.ts';

export interface ExecutionOptions {
  readonly execute: Executor['execute'];
  formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError;
  /** Told of what failed, before it is formatted. */
  onErrors(errors: readonly GraphQLError[], requestId: string): void;
}

/**
 * Executes operations in Apollo Server's place, which has no executor but for gateways. That one makes an object with
 * accessors for each request, which V8 keeps until its next major collection, and with it all that was read.
 */
export function execution({ execute, formatError, onErrors }: ExecutionOptions): ApolloServerPlugin<Context> {
  const toPublic = (error: GraphQLError): GraphQLFormattedError => {
    const { code = 'INTERNAL_SERVER_ERROR', ...extensions } = error.extensions;
    return formatError({ ...error.toJSON(), extensions: { code, ...extensions } }, error);
  };
  const run = async (operation: Execution) => {
    const { data = null, errors } = await execute(operation);
    if (!errors) return { data };
    onErrors(errors, operation.context.requestId);
    return { data, errors: errors.map(toPublic) };
  };
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ document, queryHash, operation, request, contextValue: context }) {
          // Which operation is meant is not known: Apollo Server says so.
          if (!operation || queryHash === undefined) return null;
          const { operationName, variables = {} } = request;
          const singleResult = await run({
            document,
            documentHash: queryHash,
            operationName,
            variables,
            context,
          });
          return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
        },
      };
    },
  };
}
