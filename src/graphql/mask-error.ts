import { ApolloServerErrorCode as Apollo } from '@apollo/server/errors';
import {
  type ASTNode,
  BREAK,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { isRepeatable, notAMember, notOfType, PRIVATE_KEY, PRIVATE_MEMBERS } from './input-hints.ts';

const MAX_MESSAGE = 400;

/**
 * The public form of an error of Apollo Server. Apollo Server executes nothing, so an error without a code that our code did
 * not throw is about the request. `schema` is given if clients may know it; otherwise the message contains no schema name
 * that the client did not send.
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
    return formatError(formatted);
  return toPublic(formatted, schema ? describeInvalid(error, schema) : describeHidden(error));
}

/**
 * The public form of an error. Our own errors have public messages; those of GraphQL libraries lose the values that they
 * print; every other message is replaced, because it may contain secrets.
 */
export function formatError(formatted: GraphQLFormattedError): GraphQLFormattedError {
  return toPublic(formatted, publicMessage(formatted));
}

function toPublic(formatted: GraphQLFormattedError, message: string): GraphQLFormattedError {
  return { ...formatted, message: message.slice(0, MAX_MESSAGE).toWellFormed() };
}

function publicMessage({ message, extensions }: GraphQLFormattedError): string {
  switch (extensions?.code) {
    case Apollo.INTERNAL_SERVER_ERROR:
    case undefined:
      return 'Internal server error';
    case Apollo.GRAPHQL_PARSE_FAILED:
      return withoutLexeme(message);
    case Apollo.OPERATION_RESOLUTION_FAILURE:
      return 'The document has no operation of this name, or has several operations and the request has no `operationName`.';
    default:
      return message;
  }
}

/** `Unexpected Name "…"` prints the text at that place, which may be a pasted secret. The location is enough. */
function withoutLexeme(message: string): string {
  return message
    .replace(/ (Name|String|BlockString|Int|Float|Comment) "[\s\S]*$/, ' $1.')
    .replace(/( but got)?: "[\s\S]*$/, '.');
}

/** Errors about values have the value in their message. Those about other nodes have only names of document and schema. */
function isValue({ kind }: ASTNode): boolean {
  return kind.endsWith('Value') || kind === Kind.OBJECT_FIELD;
}

/**
 * The message about an invalid document for a client that may know the schema. Repeats no value: a value is found in its
 * document, to name its argument or variable and the expected type. The document is parsed for it, because an error has only
 * the text.
 */
function describeInvalid({ message, nodes: [target] = [] }: GraphQLError, schema: GraphQLSchema): string {
  if (!target?.loc || !isValue(target)) return message;
  let description = 'A value does not fit its type.';
  const { source, start } = target.loc;
  const types = new TypeInfo(schema);
  visit(
    parse(source),
    visitWithTypeInfo(types, {
      enter(node, _key, parent, _path, ancestors) {
        if (node.loc && (node.loc.end <= start || node.loc.start > start)) return false;
        if (node.kind !== target.kind || node.loc?.start !== start) return undefined;
        const above = [...ancestors, parent ?? []].filter((each) => 'kind' in each);
        description = describeAt(node, message, above, types);
        return BREAK;
      },
    }),
  );
  return description;
}

function describeAt(node: ASTNode, message: string, above: readonly ASTNode[], types: TypeInfo): string {
  const subject = describePath(above);
  const parent = getNamedType(types.getParentInputType());
  if (node.kind === Kind.OBJECT_FIELD && isInputObjectType(parent)) {
    const { value: member } = node.name;
    if (PRIVATE_MEMBERS.includes(member)) return `${subject} ${PRIVATE_KEY}`;
    return isRepeatable(member)
      ? `${describePath([...above, node])} ${notAMember(member, parent)}`
      : `${subject} has a member that ${parent} does not define.`;
  }
  const type = types.getInputType();
  // The members of an input object do not fit together; the message has only their names.
  if (node.kind === Kind.OBJECT && isInputObjectType(getNamedType(type))) return message;
  if (!type) return `${subject} does not fit its type.`;
  return `${subject} ${notOfType(node.kind === Kind.ENUM || node.kind === Kind.STRING ? node.value : undefined, type)}`;
}

/** `Argument "input.name"`. */
function describePath(path: readonly ASTNode[]): string {
  let kind = 'Argument';
  const names: string[] = [];
  for (const node of path) {
    if (node.kind === Kind.VARIABLE_DEFINITION) {
      kind = 'The default of variable';
      names.push(`$${node.variable.name.value}`);
    } else if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) names.push(node.name.value);
  }
  return `${kind} "${names.join('.')}"`;
}

/**
 * The message for a client that may not know the schema: it has no name that the client did not send, and does not say
 * whether a name exists.
 */
function describeHidden({ message, nodes = [] }: GraphQLError): string {
  const [node, second] = nodes;
  if (node?.kind === Kind.FIELD && second?.kind === Kind.FIELD)
    return `Fields "${(node.alias ?? node.name).value}" conflict. Use different aliases to fetch both.`;
  if (!node || isAboutDocument(node, second)) return message;
  return `${describeNode(node)} does not fit the schema. Introspection is off here, so there are no details.`;
}

/** Whether the error is of a rule that needs no schema: unknown, repeated or unused names, or definitions that do not execute. */
function isAboutDocument(node: ASTNode, second: ASTNode | undefined): boolean {
  if (node.kind === Kind.VARIABLE_DEFINITION) return second === undefined;
  if (node.kind === second?.kind) return true;
  return node.kind === Kind.NAME || node.kind === Kind.VARIABLE || /Definition|Extension/.test(node.kind);
}

function describeNode(node: ASTNode): string {
  const other = 'This part of the document';
  switch (node.kind) {
    case Kind.FIELD:
      return `Field "${node.name.value}"`;
    case Kind.ARGUMENT:
      return `Argument "${node.name.value}"`;
    case Kind.DIRECTIVE:
      return `Directive "@${node.name.value}"`;
    case Kind.FRAGMENT_SPREAD:
      return `Fragment "${node.name.value}"`;
    case Kind.NAMED_TYPE:
      return `Type "${node.name.value}"`;
    case Kind.VARIABLE_DEFINITION:
      return `Variable "$${node.variable.name.value}"`;
    case Kind.OBJECT_FIELD:
      return isRepeatable(node.name.value) ? `Member "${node.name.value}"` : other;
    default:
      return other;
  }
}
