import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import { readSize, type Size } from './list-size.ts';

/** What an operation may come to with given variables, at most. */
export interface Cost {
  /** Fields of the answer. */
  readonly fieldCost: number;
  readonly upstreamCalls: number;
}

export type Variables = Readonly<Record<string, unknown>>;

/** A field that gives a list as long as an argument says: a connection, or `nodes(ids:)`. */
interface SizedField {
  /** Its place in the order of evaluation. */
  readonly index: number;
  readonly kind: 'connection' | 'by-ids';
  readonly size: Size;
  readonly content: Content;
}

/** What a selection set comes to. In a connection the fields below `nodes` and `edges` count for every item. */
interface Content {
  readonly once: Part;
  readonly perItem: Part;
  /** Upstream calls if these are root fields, without those of sized fields. */
  rootCalls: number;
  hasNextPage: boolean;
}

interface Part {
  fields: number;
  /** And how often each sized field. Added up, not repeated: a fragment that multiplies stays as long as it is. */
  readonly sized: Map<SizedField, number>;
}

const CONNECTIONS = new Set(['tokens', 'projects']);
/** Root fields that fetch as many objects as this argument names. */
const BY_IDS: Readonly<Record<string, string>> = { nodes: 'ids', _entities: 'representations' };
/** Root fields that are no lists cost one call, unless they are here: an update may have to read first. */
const ROOT_CALLS: Readonly<Record<string, number>> = { updateToken: 2 };

/**
 * Works out once, for a valid operation, how its cost depends on its variables; the result is asked for every request.
 * `@skip` and `@include` are ignored: what they leave out counts. So does what the loaders would save by asking once for
 * the same thing.
 */
export function planCost(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => Cost {
  const { definitions } = document;
  const planner = createPlanner(
    definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION),
    operation.variableDefinitions ?? [],
  );
  const content = planner.ofSet(operation.selectionSet);
  return (variables) => {
    const costs: Cost[] = [];
    for (const field of planner.sizedFields) costs.push(costOf(field, field.size(variables), costs));
    const { fieldCost, upstreamCalls } = plus(
      costOfPart(content.once, costs),
      costOfPart(content.perItem, costs),
    );
    return { fieldCost, upstreamCalls: upstreamCalls + content.rootCalls };
  };
}

function costOf({ kind, content }: SizedField, size: number, costs: readonly Cost[]): Cost {
  const once = costOfPart(content.once, costs);
  const perItem = costOfPart(content.perItem, costs);
  if (kind === 'by-ids') {
    const each = plus(once, perItem);
    return { fieldCost: 1 + size * each.fieldCost, upstreamCalls: size * (1 + each.upstreamCalls) };
  }
  const ownCalls = size > 0 || content.hasNextPage ? 1 : 0;
  return {
    fieldCost: 1 + once.fieldCost + size * perItem.fieldCost,
    upstreamCalls: ownCalls + once.upstreamCalls + size * perItem.upstreamCalls,
  };
}

/** `costs` has those of all sized fields below. */
function costOfPart({ fields, sized }: Part, costs: readonly Cost[]): Cost {
  let fieldCost = fields;
  let upstreamCalls = 0;
  for (const [{ index }, times] of sized) {
    fieldCost += times * (costs[index]?.fieldCost ?? 0);
    upstreamCalls += times * (costs[index]?.upstreamCalls ?? 0);
  }
  return { fieldCost, upstreamCalls };
}

function plus(one: Cost, other: Cost): Cost {
  return {
    fieldCost: one.fieldCost + other.fieldCost,
    upstreamCalls: one.upstreamCalls + other.upstreamCalls,
  };
}

function createPlanner(
  fragments: readonly FragmentDefinitionNode[],
  definitions: readonly VariableDefinitionNode[],
) {
  // Inner ones first, since each is added when what is below it is known.
  const sizedFields: SizedField[] = [];
  const planned = new Map<string, Content>();

  const ofSet = ({ selections }: SelectionSetNode): Content => {
    const content = nothing();
    for (const selection of selections) addSelection(content, selection);
    return content;
  };
  const addSelection = (content: Content, selection: SelectionNode): void => {
    if (selection.kind === Kind.FIELD) addField(content, selection);
    else if (selection.kind === Kind.INLINE_FRAGMENT) merge(content, ofSet(selection.selectionSet));
    else merge(content, ofFragment(selection.name.value));
  };
  const ofFragment = (name: string): Content => {
    const known = planned.get(name);
    if (known) return known;
    const fragment = fragments.find((node) => node.name.value === name);
    const content = fragment ? ofSet(fragment.selectionSet) : nothing();
    planned.set(name, content);
    return content;
  };
  const addField = (content: Content, field: FieldNode): void => {
    const inner = field.selectionSet ? ofSet(field.selectionSet) : nothing();
    const kind = sizedKindOf(field);
    if (!kind) {
      addPlainField(content, field.name.value, inner);
      return;
    }
    const argument = kind === 'by-ids' ? BY_IDS[field.name.value] : 'first';
    const size = readSize(field, argument ?? 'first', definitions);
    const sized: SizedField = { index: sizedFields.length, kind, size, content: inner };
    sizedFields.push(sized);
    addTo(content.once, { fields: 0, sized: new Map([[sized, 1]]) });
  };
  return { ofSet, sizedFields };
}

function sizedKindOf({ name, arguments: args = [] }: FieldNode): SizedField['kind'] | undefined {
  if (CONNECTIONS.has(name.value)) return 'connection';
  return args.some((argument) => argument.name.value === BY_IDS[name.value]) ? 'by-ids' : undefined;
}

function addPlainField(content: Content, name: string, inner: Content): void {
  const isListOfItems = name === 'nodes' || name === 'edges';
  const below = isListOfItems ? content.perItem : content.once;
  content.once.fields += 1;
  addTo(below, inner.once);
  addTo(below, inner.perItem);
  content.hasNextPage ||= inner.hasNextPage || name === 'hasNextPage';
  if (!name.startsWith('__')) content.rootCalls += ROOT_CALLS[name] ?? 1;
}

function merge(content: Content, more: Content): void {
  addTo(content.once, more.once);
  addTo(content.perItem, more.perItem);
  content.rootCalls += more.rootCalls;
  content.hasNextPage ||= more.hasNextPage;
}

function addTo(part: Part, { fields, sized }: Part): void {
  part.fields += fields;
  for (const [field, times] of sized) part.sized.set(field, (part.sized.get(field) ?? 0) + times);
}

function nothing(): Content {
  return {
    once: { fields: 0, sized: new Map() },
    perItem: { fields: 0, sized: new Map() },
    rootCalls: 0,
    hasNextPage: false,
  };
}
