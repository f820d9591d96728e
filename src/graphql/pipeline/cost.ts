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
import {
  FIELD_COSTS,
  type FieldCost,
  NOTHING,
  ofField,
  ofItems,
  ofListOfPage,
  ofPage,
  type PageSize,
  type Part,
  plus,
} from './field-costs.ts';
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

/** A value that is the same for all requests, or a function of the request. */
type Compiled<Value> = Value | ((request: Request) => Value);

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
  const compiled = createCompiler(schema, document, operation)(operation.selectionSet, root);
  return (variables) => {
    const { fields, calls, sharedCalls } = evaluate(compiled, { variables, fragments: new Map() });
    return { fieldCost: fields, upstreamCalls: calls + sharedCalls };
  };
}

function createCompiler(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
) {
  const pageTypes = findPageTypes(schema);
  const fragments = new Map<string, Compiled<Part>>();

  const compileSet = ({ selections }: SelectionSetNode, parent: string): Compiled<Part> =>
    selections.reduce(
      (sum, selection) => combine(sum, compileSelection(selection, parent), plus),
      NOTHING as Compiled<Part>,
    );
  const compileSelection = (node: SelectionNode, parent: string): Compiled<Part> => {
    if (node.kind === Kind.FIELD) return compileField(node, parent);
    if (node.kind === Kind.FRAGMENT_SPREAD) return compileFragment(node.name.value);
    return compileSet(node.selectionSet, node.typeCondition?.name.value ?? parent);
  };
  const compileFragment = (name: string): Compiled<Part> => {
    const known = fragments.get(name);
    if (known) return known;
    const fragment = findFragment(document, name);
    const content = fragment ? compileSet(fragment.selectionSet, fragment.typeCondition.name.value) : NOTHING;
    const compiled = onceInRequest(name, content);
    fragments.set(name, compiled);
    return compiled;
  };
  const compileField = (node: FieldNode, parent: string): Compiled<Part> => {
    const type = typeOfField(schema, parent, node.name.value);
    const below = node.selectionSet ? compileSet(node.selectionSet, getNamedType(type)?.name ?? '') : NOTHING;
    if (pageTypes.has(parent) && isListType(type && getNullableType(type)))
      return combine(below, undefined, ofListOfPage);
    const cost = FIELD_COSTS[`${parent}.${node.name.value}`] ?? {};
    return addSharedCalls(node, cost, compileOwn(node, cost, below));
  };
  const compileOwn = (node: FieldNode, cost: FieldCost, below: Compiled<Part>): Compiled<Part> => {
    const { page, callPerItemOf } = cost;
    if (page) {
      const items = compileNumber(node, [page.argument], (value) => toPageSize(value, page));
      return combine(below, items, (part, count) => ofPage(cost, part, count));
    }
    return callPerItemOf === undefined
      ? combine(below, undefined, (part) => ofField(cost, part))
      : combine(below, compileNumber(node, [callPerItemOf], toLength), ofItems);
  };
  const addSharedCalls = (node: FieldNode, { shared }: FieldCost, own: Compiled<Part>): Compiled<Part> => {
    if (!shared) return own;
    const calls = compileNumber(node, shared.path, (value) => (value == null ? 0 : shared.calls));
    return combine(own, calls, (part, sharedCalls) => plus(part, { ...NOTHING, sharedCalls }));
  };
  /**
   * A number that depends on the value at `path` in the arguments of a field: the name of the argument, then names of
   * members. Variables inside of that value are not looked up; in a list they are items like others.
   */
  const compileNumber = (
    { arguments: args = [] }: FieldNode,
    [argument, ...members]: readonly string[],
    toNumber: (value: unknown) => number,
  ): Compiled<number> => {
    let value = args.find(({ name }) => name.value === argument)?.value;
    let rest = members;
    while (value?.kind === Kind.OBJECT && rest.length > 0) {
      const [member] = rest;
      value = value.fields.find(({ name }) => name.value === member)?.value;
      rest = rest.slice(1);
    }
    if (value?.kind !== Kind.VARIABLE) return toNumber(rest.length > 0 ? undefined : toValue(value));
    const { value: name } = value.name;
    const definition = variableDefinitions.find(({ variable }) => variable.name.value === name);
    const standard = toValue(definition?.defaultValue);
    return ({ variables }) =>
      toNumber(memberAt(Object.hasOwn(variables, name) ? variables[name] : standard, rest));
  };
  return compileSet;
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

/** Combines values. Constants are combined once, when the operation is compiled. */
function combine<One, Other, Result>(
  one: Compiled<One>,
  other: Compiled<Other>,
  join: (one: One, other: Other) => Result,
): Compiled<Result> {
  return isDynamic(one) || isDynamic(other)
    ? (request) => join(evaluate(one, request), evaluate(other, request))
    : join(one, other);
}

function onceInRequest(name: string, compiled: Compiled<Part>): Compiled<Part> {
  if (!isDynamic(compiled)) return compiled;
  return (request) => {
    const known = request.fragments.get(name);
    if (known) return known;
    const part = compiled(request);
    request.fragments.set(name, part);
    return part;
  };
}

function evaluate<Value>(compiled: Compiled<Value>, request: Request): Value {
  return isDynamic(compiled) ? compiled(request) : compiled;
}

/** Compiled constants are numbers and parts, never functions. */
function isDynamic<Value>(compiled: Compiled<Value>): compiled is (request: Request) => Value {
  return typeof compiled === 'function';
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
