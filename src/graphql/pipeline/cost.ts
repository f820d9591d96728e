import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { FIELD_COSTS, type FieldCost, type PageSize } from './field-costs.ts';
import { findFragment, typeOfField } from './selected-fields.ts';

/** The most that an operation can cost with given variables. */
export interface Cost {
  /** Fields of the response. */
  readonly fieldCost: number;
  readonly upstreamCalls: number;
}

export type Variables = Readonly<Record<string, unknown>>;

/** The evaluation for one request. The cost of a fragment is evaluated once, however often it is spread. */
interface Request {
  readonly variables: Variables;
  readonly fragments: Map<string, Part>;
}

type PartOf = (request: Request) => Part;

/**
 * Compiles a validated operation to its cost for coerced variables. What each field costs is declared in
 * `field-costs.ts`. `@skip` and `@include` are ignored, so the fields that they leave out count, and so do the calls that
 * loaders save.
 */
export function compileCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): (variables: Variables) => Cost {
  const root = schema.getRootType(operation)?.name ?? '';
  const { compileSet, sharedCalls } = createCompiler(schema, document);
  const partOf = compileSet(selectionSet, root);
  return (variables) => {
    const { fields, calls } = partOf({ variables, fragments: new Map() });
    // The largest number counts, since a request makes these calls once.
    const shared = sharedCalls.reduce((most, callsOf) => Math.max(most, callsOf(variables)), 0);
    return { fieldCost: fields, upstreamCalls: calls + shared };
  };
}

function createCompiler(schema: GraphQLSchema, document: DocumentNode) {
  const sharedCalls: ((variables: Variables) => number)[] = [];
  const fragments = new Map<string, PartOf>();

  const compileSet = ({ selections }: SelectionSetNode, parent: string): PartOf => {
    const others = selections.filter((selection) => !isLeaf(selection, parent));
    const leaves: Part = { ...NOTHING, fields: selections.length - others.length };
    const parts = others.map((selection) => compileSelection(selection, parent));
    return (request) => parts.reduce((sum, partOf) => plus(sum, partOf(request)), leaves);
  };
  const compileSelection = (node: SelectionNode, parent: string): PartOf => {
    if (node.kind === Kind.FIELD) return compileField(node, parent);
    if (node.kind === Kind.FRAGMENT_SPREAD) return compileFragment(node.name.value);
    return compileSet(node.selectionSet, node.typeCondition?.name.value ?? parent);
  };
  const compileFragment = (name: string): PartOf => {
    const known = fragments.get(name);
    if (known) return known;
    const fragment = findFragment(document, name);
    if (!fragment) return () => NOTHING;
    const content = compileSet(fragment.selectionSet, fragment.typeCondition.name.value);
    const partOf: PartOf = (request) => {
      const part = request.fragments.get(name) ?? content(request);
      request.fragments.set(name, part);
      return part;
    };
    fragments.set(name, partOf);
    return partOf;
  };
  const compileField = (node: FieldNode, parent: string): PartOf => {
    const type = typeOfField(schema, parent, node.name.value);
    const below = node.selectionSet
      ? compileSet(node.selectionSet, getNamedType(type)?.name ?? '')
      : () => NOTHING;
    if (isConnection(parent) && isListType(type && getNullableType(type)))
      return (request) => ofListOfPage(below(request));
    return compileOwn(node, FIELD_COSTS[`${parent}.${node.name.value}`] ?? {}, below);
  };
  const compileOwn = (node: FieldNode, cost: FieldCost, below: PartOf): PartOf => {
    const { page, perItemOf, shared } = cost;
    if (shared) {
      const keyOf = compileArgument(node, shared.path);
      sharedCalls.push((variables) => (keyOf(variables) == null ? 0 : shared.calls));
    }
    if (page) {
      const sizeOf = compileArgument(node, [page.argument]);
      return (request) => ofPage(cost, below(request), toPageSize(sizeOf(request.variables), page));
    }
    const itemsOf = perItemOf === undefined ? undefined : compileArgument(node, [perItemOf]);
    return (request) => ofField(cost, below(request), itemsOf ? toLength(itemsOf(request.variables)) : 1);
  };
  return { compileSet, sharedCalls };
}

/** The value at `path` in the arguments of a field: the name of the argument, then names of members. */
function compileArgument(
  { arguments: args = [] }: FieldNode,
  [argument, ...members]: readonly string[],
): (variables: Variables) => unknown {
  const node = args.find(({ name }) => name.value === argument)?.value;
  if (!node) return () => undefined;
  if (hasVariable(node)) return (variables) => memberAt(valueFromASTUntyped(node, variables), members);
  const value = memberAt(valueFromASTUntyped(node), members);
  return () => value;
}

function hasVariable(node: ValueNode): boolean {
  if (node.kind === Kind.LIST) return node.values.some(hasVariable);
  if (node.kind === Kind.OBJECT) return node.fields.some(({ value }) => hasVariable(value));
  return node.kind === Kind.VARIABLE;
}

/** Whether a selection is one field of the response and nothing else, as most selections are. */
function isLeaf(node: SelectionNode, parent: string): boolean {
  return node.kind === Kind.FIELD && !node.selectionSet && !FIELD_COSTS[`${parent}.${node.name.value}`];
}

/** Whether a type is a page of a list (Relay Cursor Connections Specification, section 2.1). */
function isConnection(type: string): boolean {
  return type.endsWith('Connection');
}

function toPageSize(value: unknown, { standard, max }: PageSize): number {
  if (value === null || value === undefined) return standard;
  return typeof value === 'number' ? Math.min(Math.max(value, 0), max) : max;
}

/** GraphQL takes a single value for a list of one. */
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

/** The cost of selections on one object. On a page of a list, a part of them is repeated for each item. */
interface Part {
  readonly fields: number;
  /** Calls to the IAM API. */
  readonly calls: number;
  readonly fieldsPerItem: number;
  readonly callsPerItem: number;
  readonly fetchesEmptyPage: boolean;
}

const NOTHING: Part = {
  fields: 0,
  calls: 0,
  fieldsPerItem: 0,
  callsPerItem: 0,
  fetchesEmptyPage: false,
};

function plus(one: Part, other: Part): Part {
  return {
    fields: one.fields + other.fields,
    calls: one.calls + other.calls,
    fieldsPerItem: one.fieldsPerItem + other.fieldsPerItem,
    callsPerItem: one.callsPerItem + other.callsPerItem,
    fetchesEmptyPage: one.fetchesEmptyPage || other.fetchesEmptyPage,
  };
}

/** A field that has so many objects, with `below` selected on each. */
function ofField({ calls = 0, fetchesEmptyPage = false }: FieldCost, below: Part, objects: number): Part {
  return {
    ...NOTHING,
    fields: 1 + objects * below.fields,
    calls: objects * (calls + below.calls),
    fetchesEmptyPage: fetchesEmptyPage || below.fetchesEmptyPage,
  };
}

/** A field that lists the items of the page on which it is selected. */
function ofListOfPage(below: Part): Part {
  return { ...below, fields: 1, calls: 0, fieldsPerItem: below.fields, callsPerItem: below.calls };
}

/** A field that is a page of so many items. */
function ofPage({ calls = 0 }: FieldCost, below: Part, items: number): Part {
  const own = items > 0 || below.fetchesEmptyPage ? calls : 0;
  return {
    ...NOTHING,
    fields: 1 + below.fields + items * below.fieldsPerItem,
    calls: own + below.calls + items * below.callsPerItem,
  };
}
