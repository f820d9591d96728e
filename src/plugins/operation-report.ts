import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server';
import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLError } from 'graphql';
import { describeBug } from '../bug.ts';
import type { Context } from '../context.ts';

/** Fills in the context's report, and names the request in what nobody can explain, so that the log can. */
export function operationReport(logBugs: BugLog): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async didEncounterErrors({ errors, contextValue }) {
          logBugs(errors, contextValue.requestId);
        },
        async willSendResponse(request) {
          const { report } = request.contextValue;
          report.operation = request.operationName ?? undefined;
          report.kind = request.operation?.operation;
          report.document = request.queryHash?.slice(0, 16);
          report.code = nameRequestOfBugs(request) ?? 'OK';
        },
      };
    },
  };
}

type BugLog = (errors: readonly GraphQLError[], requestId: string) => void;

/** Writes down those of the errors that nobody expected. */
export function createBugLog(log: FastifyBaseLogger): BugLog {
  return (errors, requestId) => {
    for (const error of errors) {
      if (isBug(error))
        log.error({ requestId, path: error.path, err: describeBug(error.originalError) }, 'bug');
    }
  };
}

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
  return extensions?.code === undefined && originalError !== undefined;
}
