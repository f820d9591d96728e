import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  coerceInputValue,
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInputType,
  isNonNullType,
  isRequiredInputField,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromAST,
} from 'graphql';
import { badVariables } from '../../errors.ts';
import type { Context } from '../context.ts';

const MAX_PROBLEMS = 5;
/** RFC 7518 section 6: members that only a private or symmetric key has. */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/**
 * Checks variables before the executor does, and hands it what they mean: coerced, with their own defaults and those of their members.
 *
 * GraphQL libraries print the offending value in their message (graphql-js#2629): a key pasted with its private half
 * would come back in the answer and in every log. The messages made here say where, and what is expected, and never what
 * was sent. And graphql-jit takes a member for missing that has a default.
 */
export function variableCheck(schema: GraphQLSchema): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ operation, request }) {
          const read = createVariableReader(schema, operation?.variableDefinitions ?? []);
          const { values, problems } = read(request.variables ?? {});
          if (problems.length > 0) throw toError(problems);
          request.variables = values;
        },
      };
    },
  };
}

/** What given variables mean to an operation, and what is wrong with them. */
export type VariableReader = (given: Readonly<Record<string, unknown>>) => {
  readonly values: Record<string, unknown>;
  readonly problems: readonly string[];
};

/** The types are looked up once, for all requests of an operation. */
export function createVariableReader(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
): VariableReader {
  const readers = definitions.map((definition) => createReader(schema, definition));
  return (given) => {
    const values: Record<string, unknown> = {};
    const problems: string[] = [];
    for (const read of readers) read(given, values, problems);
    return { values, problems };
  };
}

function createReader(
  schema: GraphQLSchema,
  { variable, type: typeNode, defaultValue }: VariableDefinitionNode,
) {
  const name = variable.name.value;
  const type = typeFromAST(schema, typeNode);
  return (given: Readonly<Record<string, unknown>>, values: Record<string, unknown>, problems: string[]) => {
    if (!type || !isInputType(type)) return;
    if (Object.hasOwn(given, name)) {
      values[name] = coerceInputValue(given[name], type, (path, value) => {
        problems.push(describe([`$${name}`, ...path], typeAt(type, path), value));
      });
    } else if (defaultValue) {
      values[name] = valueFromAST(defaultValue, type);
    } else if (isNonNullType(type)) {
      problems.push(`Variable "$${name}" of required type "${type}" was not provided.`);
    }
  };
}

function toError(problems: readonly string[]): GraphQLError {
  const http = { status: 400, headers: new HeaderMap() };
  return badVariables(problems.slice(0, MAX_PROBLEMS).join(' '), http);
}

function describe(
  path: readonly (string | number)[],
  type: GraphQLInputType | undefined,
  value: unknown,
): string {
  const where = `Variable "${path.join('.')}"`;
  if (!type) return `${where} is not valid.`;
  const named = getNamedType(type);
  if (!isInputObjectType(named) || !isRecord(value)) return `${where} must be of type "${type}".`;
  const unknown = Object.keys(value).filter((member) => !Object.hasOwn(named.getFields(), member));
  if (unknown.some((member) => PRIVATE_MEMBERS.has(member))) {
    return `${where} holds a private key: send the public members only, and treat the key as exposed.`;
  }
  if (unknown.length > 0) return `${where} has a member that "${named.name}" does not define.`;
  if (named.isOneOf)
    return `${where} must have exactly one member of "${named.name}", and it must not be null.`;
  const missing = Object.values(named.getFields()).find(
    (field) => isRequiredInputField(field) && !(field.name in value),
  );
  return missing ? `${where} needs the member "${missing.name}".` : `${where} does not fit "${named.name}".`;
}

/** The type at `path` below `type`. Paths hold only names that the schema defines, and list indexes. */
function typeAt(type: GraphQLInputType, path: readonly (string | number)[]): GraphQLInputType | undefined {
  let at: GraphQLInputType | undefined = type;
  for (const part of path) {
    if (typeof part === 'number') continue;
    const named: unknown = at && getNamedType(at);
    at = isInputObjectType(named) ? named.getFields()[part]?.type : undefined;
  }
  return at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
