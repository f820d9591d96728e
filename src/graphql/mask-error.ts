import { ApolloServerErrorCode as Apollo } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';

const MAX_MESSAGE = 400;

/**
 * What a client sees of an error. Silence is the default: our own errors have public messages, GraphQL's are cleared of
 * values, and everything else is a bug whose text may hold anything.
 */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const code = formatted.extensions?.code;
  const message = publicMessage(typeof code === 'string' ? code : '', formatted.message, error);
  return { ...formatted, message: message.slice(0, MAX_MESSAGE) };
}

function publicMessage(code: string, message: string, error: unknown): string {
  switch (code) {
    case Apollo.INTERNAL_SERVER_ERROR:
    case '':
      return 'Internal server error';
    case Apollo.GRAPHQL_PARSE_FAILED:
      return withoutLexeme(message);
    case Apollo.GRAPHQL_VALIDATION_FAILED:
      return isAboutValue(error)
        ? 'A value in the document does not fit the type that the schema asks for there.'
        : message;
    case Apollo.BAD_USER_INPUT:
      return isAboutVariable(error) ? 'A variable does not fit its type.' : message;
    case Apollo.OPERATION_RESOLUTION_FAILURE:
      return 'The document has no such operation, or several and no `operationName` says which one to run.';
    default:
      return message;
  }
}

/** `Unexpected Name "…"` names what stands there, which may be a secret that somebody pasted. The location says enough. */
function withoutLexeme(message: string): string {
  return message
    .replace(/ (Name|String|BlockString|Int|Float|Comment) "[\s\S]*$/, ' $1.')
    .replace(/: "[\s\S]*$/, '.');
}

/** graphql-js prints the value, objects included. Its other messages hold only names of the document and the schema. */
function isAboutValue(error: unknown): boolean {
  return nodeKinds(error).some((kind) => kind.endsWith('Value') || kind === Kind.OBJECT_FIELD);
}

function isAboutVariable(error: unknown): boolean {
  return nodeKinds(error).includes(Kind.VARIABLE_DEFINITION);
}

function nodeKinds(error: unknown): string[] {
  return error instanceof GraphQLError ? (error.nodes ?? []).map(({ kind }) => kind) : [];
}
