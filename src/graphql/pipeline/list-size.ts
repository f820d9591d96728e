import { type FieldNode, Kind, type ValueNode, type VariableDefinitionNode } from 'graphql';

/** How long a list may become with these variables. */
export type Size = (variables: Readonly<Record<string, unknown>>) => number;

const DEFAULT_FIRST = 20;
/** More is refused where it is resolved. The cost is that of the largest page then, so that this is what the caller reads. */
const MAX_FIRST = 100;

/** Reads `first`, or the argument that lists the ids, of a field: as written, from a variable, from the variable's default, or the schema's. */
export function readSize(
  { arguments: args = [] }: FieldNode,
  argument: string,
  definitions: readonly VariableDefinitionNode[],
): Size {
  const sizeOfValue = argument === 'first' ? pageSize : lengthOf;
  const value = args.find(({ name }) => name.value === argument)?.value;
  if (value?.kind !== Kind.VARIABLE) {
    const size = sizeOfValue(value && literal(value));
    return () => size;
  }
  const { value: name } = value.name;
  const defaultValue = definitions.find(({ variable }) => variable.name.value === name)?.defaultValue;
  const withoutVariable = sizeOfValue(defaultValue && literal(defaultValue));
  return (variables) => (Object.hasOwn(variables, name) ? sizeOfValue(variables[name]) : withoutVariable);
}

/** Only as much of a literal's value as says how long a list is. */
function literal(value: ValueNode): unknown {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind === Kind.LIST) return value.values;
  return value.kind === Kind.NULL ? null : value;
}

/** What is no integer is refused before anything runs. */
function pageSize(first: unknown): number {
  if (first === null || first === undefined) return DEFAULT_FIRST;
  return typeof first === 'number' ? Math.min(Math.max(first, 0), MAX_FIRST) : MAX_FIRST;
}

/** GraphQL takes a single value for a list of one. */
function lengthOf(ids: unknown): number {
  if (ids === null || ids === undefined) return 0;
  return Array.isArray(ids) ? ids.length : 1;
}
