import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  Kind,
  parse,
  type Source,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { isRepeatable, notAMember, notOfType, PRIVATE_KEY, PRIVATE_MEMBERS } from './input-hints.ts';

/**
 * What a client learns about a document that is not valid, where it may know the schema. graphql-js prints the value that
 * does not fit, which may be a secret; its other messages have only names of the document and of the schema.
 */
export function describeInvalid({ message, nodes }: GraphQLError, schema: GraphQLSchema): string {
  const node = nodes?.[0];
  const isAboutValue = node?.kind.endsWith('Value') || node?.kind === Kind.OBJECT_FIELD;
  return node && isAboutValue ? describeValue(node, message, schema) : message;
}

function describeValue(node: ASTNode, message: string, schema: GraphQLSchema): string {
  const { subject, member, type, parent } = findValue(node, schema);
  if (node.kind === Kind.OBJECT_FIELD && isInputObjectType(parent)) {
    if (PRIVATE_MEMBERS.includes(member)) return `${subject()} ${PRIVATE_KEY}`;
    return isRepeatable(member)
      ? `${subject(member)} ${notAMember(member, parent)}`
      : `${subject()} has a member that ${parent} does not define.`;
  }
  // The members of an input object do not fit together, and the message has their names only.
  if (node.kind === Kind.OBJECT && isInputObjectType(getNamedType(type))) return message;
  if (!type) return `${subject()} does not fit its type.`;
  return `${subject()} ${notOfType(node.kind === Kind.ENUM || node.kind === Kind.STRING ? node.value : undefined, type)}`;
}

/** Where a value stands in a document, and what is expected there. */
interface ValuePlace {
  /** `Argument "input.name"`, with one more member if there is one. */
  readonly subject: (member?: string) => string;
  /** The name of the node, if it is a member of an object. */
  readonly member: string;
  readonly type: GraphQLInputType | undefined;
  readonly parent: GraphQLInputType | undefined;
}

/** The documents of errors that are being described: an error has the text and not the document. */
const documents = new WeakMap<Source, DocumentNode>();

function findValue(target: ASTNode, schema: GraphQLSchema): ValuePlace {
  let found: ValuePlace = { subject: () => 'A value', member: '', type: undefined, parent: undefined };
  if (!target.loc) return found;
  const { source, start } = target.loc;
  const document = documents.get(source) ?? parse(source);
  documents.set(source, document);
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      enter(node, _key, parent, _path, ancestors) {
        if (node.loc && (node.loc.end <= start || node.loc.start > start)) return false;
        if (node.kind !== target.kind || node.loc?.start !== start) return undefined;
        found = {
          subject: toSubject([...ancestors, parent ?? []].filter((above) => 'kind' in above)),
          member: node.kind === Kind.OBJECT_FIELD ? node.name.value : '',
          type: types.getInputType() ?? undefined,
          parent: getNamedType(types.getParentInputType()) as GraphQLInputType | undefined,
        };
        return BREAK;
      },
    }),
  );
  return found;
}

function toSubject(ancestors: readonly ASTNode[]): ValuePlace['subject'] {
  let kind = 'Argument';
  const names: string[] = [];
  for (const node of ancestors) {
    if (node.kind === Kind.VARIABLE_DEFINITION) {
      kind = 'The default of variable';
      names.push(`$${node.variable.name.value}`);
    } else if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) names.push(node.name.value);
  }
  return (member) => `${kind} "${[...names, ...(member === undefined ? [] : [member])].join('.')}"`;
}

const NO_DETAILS = 'Introspection is off here, so there are no details.';

/**
 * The same where clients may not know the schema: no name that the client did not send is in it, and whether a name exists
 * is not said.
 */
export function describeHidden({ message, nodes = [] }: GraphQLError): string {
  const [node, second] = nodes;
  if (node?.kind === Kind.FIELD && second?.kind === Kind.FIELD)
    return `Fields "${(node.alias ?? node.name).value}" conflict. Use different aliases to fetch both.`;
  if (!node || isAboutDocument(node, second)) return message;
  const subject = subjectOf(node);
  return subject
    ? `${subject} does not fit the schema. ${NO_DETAILS}`
    : `This part of the document does not fit the schema. ${NO_DETAILS}`;
}

/** Of rules that need no schema: unknown or repeated names of the document, what is never used, what is no operation. */
function isAboutDocument(node: ASTNode, second: ASTNode | undefined): boolean {
  if (node.kind === Kind.VARIABLE_DEFINITION) return second === undefined;
  if (node.kind === second?.kind) return true;
  return node.kind === Kind.NAME || node.kind === Kind.VARIABLE || /Definition|Extension/.test(node.kind);
}

function subjectOf(node: ASTNode): string | undefined {
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
      return isRepeatable(node.name.value) ? `Member "${node.name.value}"` : undefined;
    default:
      return undefined;
  }
}
