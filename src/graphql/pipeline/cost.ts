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

/** A number that depends on the variables. */
type NumberOf = (variables: Variables) => number;

/** Adds what selections cost on this many objects. */
type AddCost = (
  cost: { -readonly [Member in keyof Cost]: number },
  objects: number,
  variables: Variables,
) => void;

const ONE: NumberOf = () => 1;

/**
 * Compiles a validated operation to its cost for coerced variables. What each field costs is declared in `field-costs.ts`.
 * `@skip` and `@include` are ignored, so fields that they leave out count, and so do calls that loaders save. Fragments are
 * expanded wherever they are spread, so the document must be within the limits.
 */
export function compileCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): (variables: Variables) => Cost {
  const sharedCalls: NumberOf[] = [];

  /** `pageSize` is the length of the lists of a page, if the selections are those of one. */
  const compileFields = (set: SelectionSetNode, parent: string, pageSize = ONE): AddCost => {
    const fields = selectedFields(document, set, parent).map((field) => compileField(field, pageSize));
    return (cost, objects, variables) => {
      for (const addField of fields) addField(cost, objects, variables);
    };
  };
  const compileField = ({ node, parent }: SelectedField, pageSize: NumberOf): AddCost => {
    const declared = FIELD_COSTS[`${parent}.${node.name.value}`] ?? {};
    const { calls = 0, page, perItemOf, shared } = declared;
    if (shared) sharedCalls.push(compileShared(node, shared));
    const type = typeOfField(schema, parent, node.name.value);
    const lengthOf = isListOfPage(parent, type) ? pageSize : compileLength(node, declared);
    const after = compileArgument(node, ['after']);
    const first = compileArgument(node, ['first']);
    const sizeOf = page && ((variables: Variables) => toPageSize(first(variables)));
    const addBelow =
      node.selectionSet && compileFields(node.selectionSet, getNamedType(type)?.name ?? '', sizeOf);
    return (cost, objects, variables) => {
      const below = objects * lengthOf(variables);
      cost.fieldCost += objects;
      cost.upstreamCalls += (perItemOf === undefined ? objects : below) * calls;
      if (page && after(variables) != null) cost.upstreamCalls += objects * page.callsAfter;
      addBelow?.(cost, below, variables);
    };
  };

  const addOperation = compileFields(selectionSet, schema.getRootType(operation)?.name ?? '');
  return (variables) => {
    // Only the largest number counts, because a request makes these calls once.
    const upstreamCalls = sharedCalls.reduce((most, callsOf) => Math.max(most, callsOf(variables)), 0);
    const cost = { fieldCost: 0, upstreamCalls };
    addOperation(cost, 1, variables);
    return cost;
  };
}

/** The fields about the schema, which no type defines. */
const INTROSPECTION: Readonly<Record<string, GraphQLOutputType>> = {
  __schema: SchemaMetaFieldDef.type,
  __type: TypeMetaFieldDef.type,
};

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

/** How many objects a field has on each object. */
function compileLength(node: FieldNode, { items = 1, perItemOf }: FieldCost): NumberOf {
  if (perItemOf === undefined) return () => items;
  const listOf = compileArgument(node, [perItemOf]);
  return (variables) => toLength(listOf(variables));
}

function compileShared(node: FieldNode, { calls, path }: NonNullable<FieldCost['shared']>): NumberOf {
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
