import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server';
import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLError } from 'graphql';
import { describeBug } from '../bug.ts';
import type { Context } from '../context.ts';

/**
 * One line for every operation: what ran, for whom, how long, with which outcome. No document and no variables: the
 * name and the hash tell operations apart, and literals hold secrets.
 */
export function requestLog(log: FastifyBaseLogger): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      const startedAt = performance.now();
      return {
        async didEncounterErrors({ errors, contextValue }) {
          for (const error of errors) if (isBug(error)) logBug(log, error, contextValue.requestId);
        },
        async willSendResponse(request) {
          const code = nameRequestOfBugs(request);
          log.info(
            {
              operation: request.operationName ?? undefined,
              kind: request.operation?.operation,
              document: request.queryHash?.slice(0, 16),
              code: code ?? 'OK',
              ms: Math.round(performance.now() - startedAt),
              principal: principalOf(request.contextValue),
              requestId: request.contextValue.requestId,
            },
            'operation',
          );
        },
      };
    },
  };
}

/** The first error's code. What we cannot explain gets the request id, by which the log can. */
function nameRequestOfBugs({ response, contextValue }: GraphQLRequestContext<Context>): string | undefined {
  if (response.body?.kind !== 'single') return undefined;
  const { errors } = response.body.singleResult;
  if (!errors) return undefined;
  response.body.singleResult.errors = errors.map((error) =>
    error.extensions?.code === 'INTERNAL_SERVER_ERROR'
      ? { ...error, extensions: { ...error.extensions, requestId: contextValue.requestId } }
      : error,
  );
  return String(errors[0]?.extensions?.code);
}

function isBug({ extensions, originalError }: GraphQLError): boolean {
  return extensions.code === undefined && originalError !== undefined;
}

function logBug(log: FastifyBaseLogger, { path, originalError }: GraphQLError, requestId: string): void {
  log.error({ requestId, path, err: describeBug(originalError) }, 'bug');
}

function principalOf(context: Context): string | undefined {
  try {
    return context.caller.principal.slice(0, 12);
  } catch {
    return undefined;
  }
}
