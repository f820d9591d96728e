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
 * Compiles a validated operation to its cost. What each field costs is declared in `field-costs.ts`. `@skip` and
 * `@include` are ignored, so the fields that they leave out count, and so do the calls that loaders save.
 */
export function compileCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => Cost {
  const root = schema.getRootType(operation.operation)?.name ?? '';
  const partOf = createCompiler(schema, document, operation)(operation.selectionSet, root);
  return (variables) => {
    const { fields, calls, sharedCalls } = partOf({ variables, fragments: new Map() });
    return { fieldCost: fields, upstreamCalls: calls + sharedCalls };
  };
}

function createCompiler(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
) {
  const pageTypes = findPageTypes(schema);
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
    if (pageTypes.has(parent) && isListType(type && getNullableType(type)))
      return (request) => ofListOfPage(below(request));
    return compileOwn(node, FIELD_COSTS[`${parent}.${node.name.value}`] ?? {}, below);
  };
  const compileOwn = (node: FieldNode, cost: FieldCost, below: PartOf): PartOf => {
    const { page, callPerItemOf, shared } = cost;
    if (page) {
      const items = compileNumber(node, [page.argument], (value) => toPageSize(value, page));
      return (request) => ofPage(cost, below(request), items(request));
    }
    if (callPerItemOf !== undefined) {
      const items = compileNumber(node, [callPerItemOf], toLength);
      return (request) => ofItems(below(request), items(request));
    }
    if (!shared) return (request) => ofField(cost, below(request));
    const sharedCalls = compileNumber(node, shared.path, (value) => (value == null ? 0 : shared.calls));
    return (request) =>
      plus(ofField(cost, below(request)), { ...NOTHING, sharedCalls: sharedCalls(request) });
  };
  /**
   * A number that depends on the value at `path` in the arguments of a field: the name of the argument, then names of
   * members. Variables inside of that value are not looked up; in a list they are items like others.
   */
  const compileNumber = (
    { arguments: args = [] }: FieldNode,
    [argument, ...members]: readonly string[],
    toNumber: (value: unknown) => number,
  ): ((request: Request) => number) => {
    let value = args.find(({ name }) => name.value === argument)?.value;
    let rest = members;
    while (value?.kind === Kind.OBJECT && rest.length > 0) {
      const [member] = rest;
      value = value.fields.find(({ name }) => name.value === member)?.value;
      rest = rest.slice(1);
    }
    if (value?.kind !== Kind.VARIABLE) {
      const constant = toNumber(rest.length > 0 ? undefined : toValue(value));
      return () => constant;
    }
    const { value: name } = value.name;
    const definition = variableDefinitions.find(({ variable }) => variable.name.value === name);
    const standard = toValue(definition?.defaultValue);
    return ({ variables }) =>
      toNumber(memberAt(Object.hasOwn(variables, name) ? variables[name] : standard, rest));
  };
  return compileSet;
}

/** Whether a selection is one field of the response and nothing else, as most selections are. */
function isLeaf(node: SelectionNode, parent: string): boolean {
  return node.kind === Kind.FIELD && !node.selectionSet && !FIELD_COSTS[`${parent}.${node.name.value}`];
}

/** The types of fields that are pages. */
function findPageTypes(schema: GraphQLSchema): ReadonlySet<string | undefined> {
  const pages = Object.entries(FIELD_COSTS).filter(([, { page }]) => page);
  return new Set(
    pages.map(([place]) => {
      const [parent = '', name = ''] = place.split('.');
      return getNamedType(typeOfField(schema, parent, name))?.name;
    }),
  );
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

function toValue(node: ValueNode | undefined): unknown {
  return node && valueFromASTUntyped(node);
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
  /** Calls that a request makes once, so the largest number counts. */
  readonly sharedCalls: number;
  readonly fetchesEmptyPage: boolean;
}

const NOTHING: Part = {
  fields: 0,
  calls: 0,
  fieldsPerItem: 0,
  callsPerItem: 0,
  sharedCalls: 0,
  fetchesEmptyPage: false,
};

function plus(one: Part, other: Part): Part {
  return {
    fields: one.fields + other.fields,
    calls: one.calls + other.calls,
    fieldsPerItem: one.fieldsPerItem + other.fieldsPerItem,
    callsPerItem: one.callsPerItem + other.callsPerItem,
    sharedCalls: Math.max(one.sharedCalls, other.sharedCalls),
    fetchesEmptyPage: one.fetchesEmptyPage || other.fetchesEmptyPage,
  };
}

/** A field with `below` selected on it. */
function ofField({ calls = 0, fetchesEmptyPage = false }: FieldCost, below: Part): Part {
  return {
    ...NOTHING,
    fields: 1 + below.fields,
    calls: calls + below.calls,
    sharedCalls: below.sharedCalls,
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
    sharedCalls: below.sharedCalls,
  };
}

/** A field that makes a call for each of so many items. */
function ofItems(below: Part, items: number): Part {
  return {
    ...NOTHING,
    fields: 1 + items * below.fields,
    calls: items * (1 + below.calls),
    sharedCalls: below.sharedCalls,
  };
}
