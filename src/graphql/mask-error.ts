import { ApolloServerErrorCode as Apollo } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, Kind } from 'graphql';
import { describeHidden, describeInvalid } from './validation-message.ts';

const MAX_MESSAGE = 400;

/**
 * The public form of an error of Apollo Server, which executes nothing here: an error without a code that no code of
 * ours threw is about the request. `schema` is the one that clients may know; without it, no name of the schema that the
 * client did not send is in the message.
 */
export function formatRequestError(
  formatted: GraphQLFormattedError,
  error: unknown,
  schema: GraphQLSchema | undefined,
): GraphQLFormattedError {
  const { code } = formatted.extensions ?? {};
  if (code === Apollo.INTERNAL_SERVER_ERROR && error instanceof GraphQLError && !error.originalError)
    return { ...formatted, extensions: { ...formatted.extensions, code: Apollo.BAD_REQUEST } };
  if (code !== Apollo.GRAPHQL_VALIDATION_FAILED || !(error instanceof GraphQLError))
    return formatError(formatted, error);
  return toPublic(formatted, schema ? describeInvalid(error, schema) : describeHidden(error));
}

/**
 * The public form of an error. Our own errors have public messages; those of GraphQL libraries lose the values that they
 * print; every other message is replaced, since it may hold anything.
 */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const code = formatted.extensions?.code;
  return toPublic(formatted, publicMessage(typeof code === 'string' ? code : '', formatted.message, error));
}

function toPublic(formatted: GraphQLFormattedError, message: string): GraphQLFormattedError {
  return { ...formatted, message: message.slice(0, MAX_MESSAGE).toWellFormed() };
}

function publicMessage(code: string, message: string, error: unknown): string {
  switch (code) {
    case Apollo.INTERNAL_SERVER_ERROR:
    case '':
      return 'Internal server error';
    case Apollo.GRAPHQL_PARSE_FAILED:
      return withoutLexeme(message);
    case Apollo.BAD_USER_INPUT:
      return isAboutVariable(error) ? 'A variable does not fit its type.' : message;
    case Apollo.OPERATION_RESOLUTION_FAILURE:
      return 'The document has no such operation, or several and no `operationName` says which one to run.';
    default:
      return message;
  }
}

/** `Unexpected Name "…"` prints the text at that place, which may be a pasted secret. The location says enough. */
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
  return isAboutValue(error) || nodeKinds(error).includes(Kind.VARIABLE_DEFINITION);
}

/** Thrown by graphql-js, not by a resolver, about a variable or about an argument that a variable gives. */
export function isAboutInput(error: GraphQLError): boolean {
  const { extensions, originalError } = error;
  if (extensions.code !== undefined || (originalError && !(originalError instanceof GraphQLError)))
    return false;
  return isAboutVariable(error);
}

function nodeKinds(error: unknown): string[] {
  return error instanceof GraphQLError ? (error.nodes ?? []).map(({ kind }) => kind) : [];
}
