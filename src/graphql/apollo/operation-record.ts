import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyBaseLogger } from 'fastify';
import type { GraphQLError, GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import { describeBug } from '../../telemetry/describe-error.ts';
import type { Context } from '../context.ts';

/** Fills in the context's report, and names the request in what nobody can explain, so that the log can. */
export function operationReport(logBugs: BugLog): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async didEncounterErrors({ errors, contextValue }) {
          logBugs(errors, contextValue.requestId);
        },
        async willSendResponse({ operation, queryHash: documentHash, response: { body }, contextValue }) {
          if (body?.kind !== 'single') return;
          body.singleResult = completeReport(contextValue, { operation, documentHash }, body.singleResult);
        },
      };
    },
  };
}

interface Ran {
  readonly operation: OperationDefinitionNode | undefined;
  readonly documentHash: string | undefined;
}

/** Says in the context's report what ran and how it ended. Returns the result, with the request's id in what is a bug. */
export function completeReport<Result extends { readonly errors?: readonly GraphQLFormattedError[] }>(
  { report, requestId }: Context,
  { operation, documentHash }: Ran,
  result: Result,
): Result {
  report.operation = operation?.name?.value;
  report.kind = operation?.operation;
  report.document = documentHash?.slice(0, 16);
  const { errors } = result;
  report.code = errors ? String(errors[0]?.extensions?.code) : 'OK';
  return errors ? { ...result, errors: errors.map((error) => nameRequestOfBug(error, requestId)) } : result;
}

function nameRequestOfBug(error: GraphQLFormattedError, requestId: string): GraphQLFormattedError {
  return error.extensions?.code === 'INTERNAL_SERVER_ERROR'
    ? { ...error, extensions: { ...error.extensions, requestId } }
    : error;
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

function isBug({ extensions, originalError }: GraphQLError): boolean {
  return extensions?.code === undefined && originalError !== undefined;
}
