import {
  type DocumentNode,
  type FieldNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  valueFromASTUntyped,
} from 'graphql';
import { DEFAULT_FIRST, MAX_FIRST } from '../pagination/connection.ts';
import { FIELD_COSTS, type FieldCost } from './field-costs.ts';
import { type SelectedField, selectedFields } from './selected-fields.ts';

/** The most that an operation can cost with given variables. */
export interface Cost {
  /** Fields of the response. */
  readonly fieldCost: number;
  readonly upstreamCalls: number;
}

export type Variables = Readonly<Record<string, unknown>>;

/**
 * Selections that are resolved together, as often as a list has items: those on the operation itself, on the items of one
 * page, or on the objects of one list of ids.
 */
interface Level {
  /** The levels of lists that each item has. */
  readonly below: Level[];
  /** How many items the list has. */
  sizeOf(variables: Variables): number;
  /** Fields and calls to the IAM API for each item. */
  fields: number;
  calls: number;
}

type CallsOf = (variables: Variables) => number;

/**
 * Compiles a validated operation to its cost for coerced variables. What each field costs is declared in `field-costs.ts`.
 * `@skip` and `@include` are ignored, so fields that they leave out count, and so do calls that loaders save. Fragments are
 * expanded wherever they are spread, so the document must be within the limits.
 */
export function compileCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => Cost {
  const { root, sharedCalls } = findLevels(schema, document, operation);
  return (variables) => {
    // Only the largest number counts, because a request makes these calls once.
    const upstreamCalls = sharedCalls.reduce((most, callsOf) => Math.max(most, callsOf(variables)), 0);
    const cost = { fieldCost: 0, upstreamCalls };
    addCost(cost, root, 1, variables);
    return cost;
  };
}

/** Adds the cost of this many lists. */
function addCost(
  cost: { -readonly [Member in keyof Cost]: number },
  { sizeOf, fields, calls, below }: Level,
  lists: number,
  variables: Variables,
): void {
  const items = lists * sizeOf(variables);
  cost.fieldCost += items * fields;
  cost.upstreamCalls += items * calls;
  for (const level of below) addCost(cost, level, items, variables);
}

/** The fields about the schema, which no type defines. */
const INTROSPECTION: Readonly<Record<string, GraphQLOutputType>> = {
  __schema: SchemaMetaFieldDef.type,
  __type: TypeMetaFieldDef.type,
};

/** Where selections stand. */
interface Place {
  readonly level: Level;
  /** The level of the items, where the selections are those of a page. */
  readonly page?: Level | undefined;
}

/** The level of an operation, with those below it, and the calls that its fields share. */
function findLevels(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
) {
  const root: Level = { below: [], sizeOf: () => 1, fields: 0, calls: 0 };
  const sharedCalls: CallsOf[] = [];

  const addLevel = (above: Level, sizeOf: Level['sizeOf'], calls = 0): Level => {
    const level = { below: [], sizeOf, fields: 0, calls };
    above.below.push(level);
    return level;
  };
  const addFields = (set: SelectionSetNode, parent: string, place: Place): void => {
    for (const selected of selectedFields(document, set, parent)) addField(selected, place);
  };
  const addField = ({ node, parent }: SelectedField, place: Place): void => {
    const cost = FIELD_COSTS[`${parent}.${node.name.value}`] ?? {};
    const type = typeOfField(schema, parent, node.name.value);
    place.level.fields++;
    if (cost.shared) sharedCalls.push(compileShared(node, cost.shared));
    const below = isListOfPage(parent, type)
      ? { level: place.page ?? place.level }
      : placeBelow(node, cost, place);
    if (node.selectionSet) addFields(node.selectionSet, getNamedType(type)?.name ?? '', below);
  };
  const placeBelow = (node: FieldNode, cost: FieldCost, place: Place): Place => {
    const { calls = 0, page, perItemOf, items } = cost;
    const { level } = place;
    if (items !== undefined) return { level: addLevel(level, () => items) };
    if (perItemOf !== undefined) {
      const listOf = compileArgument(node, [perItemOf]);
      return { level: addLevel(level, (variables) => toLength(listOf(variables)), calls) };
    }
    level.calls += calls;
    if (!page) return place;
    const after = compileArgument(node, ['after']);
    addLevel(level, (variables) => toLength(after(variables)), page.callsAfter);
    const first = compileArgument(node, ['first']);
    return { level, page: addLevel(level, (variables) => toPageSize(first(variables))) };
  };

  addFields(selectionSet, schema.getRootType(operation)?.name ?? '', { level: root });
  return { root, sharedCalls };
}

/** Undefined for `__typename`, which has no selections. */
export function typeOfField(
  schema: GraphQLSchema,
  parent: string,
  name: string,
): GraphQLOutputType | undefined {
  const type = schema.getType(parent);
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
  return field?.type ?? INTROSPECTION[name];
}

function compileShared(node: FieldNode, { calls, path }: NonNullable<FieldCost['shared']>): CallsOf {
  const keyOf = compileArgument(node, path);
  return (variables) => (keyOf(variables) == null ? 0 : calls);
}

/** The value at `path` in the arguments of a field: the name of the argument, then names of members. */
function compileArgument(
  { arguments: args = [] }: FieldNode,
  [argument, ...members]: readonly string[],
): (variables: Variables) => unknown {
  const node = args.find(({ name }) => name.value === argument)?.value;
  return (variables) => node && memberAt(valueFromASTUntyped(node, variables), members);
}

/** Whether a field lists the items of the page on which it is selected (Relay Cursor Connections, section 2.1). */
function isListOfPage(parent: string, type: GraphQLOutputType | undefined): boolean {
  return parent.endsWith('Connection') && isListType(type && getNullableType(type));
}

/** Other sizes are rejected when the field is resolved. Until then they cost as much as the largest page. */
function toPageSize(value: unknown): number {
  if (value === null || value === undefined) return DEFAULT_FIRST;
  return typeof value === 'number' ? Math.min(Math.max(value, 0), MAX_FIRST) : MAX_FIRST;
}

/** GraphQL accepts a single value in place of a list with one item. */
function toLength(list: unknown): number {
  if (list === null || list === undefined) return 0;
  return Array.isArray(list) ? list.length : 1;
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const member of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[member];
  }
  return at;
}
