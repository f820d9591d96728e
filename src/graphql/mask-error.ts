import { ApolloServerErrorCode as Apollo } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';

const MAX_MESSAGE = 400;

/**
 * The public form of an error of Apollo Server, which executes nothing here: an error without a code that no code of
 * ours threw is about the request. With `hidesSchema`, no name of the schema that the client did not send is in it.
 */
export function formatRequestError(
  formatted: GraphQLFormattedError,
  error: unknown,
  hidesSchema: boolean,
): GraphQLFormattedError {
  const { code } = formatted.extensions ?? {};
  if (code === Apollo.INTERNAL_SERVER_ERROR && error instanceof GraphQLError && !error.originalError)
    return { ...formatted, extensions: { ...formatted.extensions, code: Apollo.BAD_REQUEST } };
  const visible = formatError(formatted, error);
  if (!hidesSchema || code !== Apollo.GRAPHQL_VALIDATION_FAILED) return visible;
  return { ...visible, message: hideUnsentNames(visible.message, namesIn(sourceOf(error)), NO_DETAILS) };
}

const NO_DETAILS =
  'This part of the document does not fit the schema. Introspection is off here, so there are no details.';

/** All names in a text, of a document or of JSON. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.match(NAME));
}

const NAME = /[_A-Za-z]\w*/g;

/**
 * Leaves out the types that a message mentions by the way, unless the client sent their names. Where the message still
 * quotes a name that is not among those sent, the result is `instead`.
 */
export function hideUnsentNames(message: string, sent: ReadonlySet<string>, instead: string): string {
  const isSent = (text: string) => text.match(NAME)?.every((name) => sent.has(name)) ?? true;
  const short = message.replace(/(?<! be) (?:on|of) type "([^"]*)"/g, (clause, type) =>
    isSent(type) ? clause : '',
  );
  return [...short.matchAll(/"([^"]*)"/g)].every(([, quoted = '']) => isSent(quoted)) ? short : instead;
}

function sourceOf(error: unknown): string {
  return (error instanceof GraphQLError && error.nodes?.[0]?.loc?.source.body) || '';
}

/**
 * The public form of an error. Our own errors have public messages; those of GraphQL libraries lose the values that they
 * print; every other message is replaced, since it may hold anything.
 */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const code = formatted.extensions?.code;
  const message = publicMessage(typeof code === 'string' ? code : '', formatted.message, error);
  return { ...formatted, message: message.slice(0, MAX_MESSAGE).toWellFormed() };
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
