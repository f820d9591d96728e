import { type FieldNode, valueFromASTUntyped } from 'graphql';
import { MAX_LOOK_UP_CALLS } from '../../tokens/matching-tokens.ts';
import type { MutationcreateTokenArgs, QuerynodesArgs, QuerytokensArgs } from '../generated.ts';
import { DEFAULT_FIRST, MAX_FIRST } from '../pagination/connection.ts';
import type { SelectedField } from './selected-fields.ts';

/** The most that an operation can cost with given variables. */
interface Cost {
  /** Fields of the response. */
  readonly fieldCost: number;
  readonly upstreamCalls: number;
}

export type Variables = Readonly<Record<string, unknown>>;

/**
 * The cost of a field beyond being one field of the response. Calls are the most calls to IAM, without the list that
 * `loaders.ts` may fetch once in a request instead of many tokens.
 */
interface OwnCost {
  readonly calls?: number;
  /** The field is a list of this many objects. */
  readonly length?: number;
  /** The field is a connection of this many items. Its selections of lists (`edges`, `nodes`) are repeated for each. */
  readonly pageSize?: number;
  /** Calls that are made once in a request, however many such fields it has. */
  readonly sharedCalls?: number;
}

/**
 * The costs of all fields that have any, by `Type.field`, for their arguments as the client gave them, without defaults. A
 * field that is added to the schema needs an entry if its resolver calls IAM or if an argument says how long a list is.
 * `costOf` skips leaves, so they cannot have one. A test looks for root fields without an entry, and for leaves with one.
 */
const ownCosts: Readonly<Record<string, OwnCost | ((args: never) => OwnCost)>> = {
  'Query.node': { calls: 1 },
  'Query.nodes': ({ ids }: QuerynodesArgs) => costOfEach(ids),
  'Query.token': { calls: 1 },
  'Query.tokens': costOfPage,
  'Query._entities': ({ representations }: { representations: unknown }) => costOfEach(representations),
  'Query._service': {},
  'Token.projects': costOfPage,
  'Mutation.createToken': costOfCreate,
  // The token is read first if only a part of its authentication method changes.
  'Mutation.updateToken': { calls: 2 },
  'Mutation.deleteToken': { calls: 1 },
  '__Schema.types': { length: 50 },
  '__Schema.directives': { length: 6 },
  '__Type.fields': { length: 3 },
};
/** A map, because looking up a concatenated name takes three times as long in an object. */
export const OWN_COSTS = new Map(Object.entries(ownCosts));

/**
 * The cost of an operation with these root fields, for coerced variables. `@skip` and `@include` are ignored, so fields that
 * they leave out count, and so do calls that loaders save.
 */
export function costOf(rootFields: readonly SelectedField[], variables: Variables): Cost {
  let fieldCost = 0;
  let upstreamCalls = 0;
  let sharedCalls = 0;
  /** Adds the cost of fields of this many objects, which have pages of this size if they are connections. */
  const add = (fields: readonly SelectedField[], objects: number, pageSize: number) => {
    fieldCost += objects * fields.length;
    for (const field of fields) {
      // Only fields with selections can have costs of their own.
      if (field.below.length === 0) continue;
      const own = ownCost(field, variables);
      upstreamCalls += objects * (own.calls ?? 0);
      // Only the largest number counts, because a request makes these calls once.
      sharedCalls = Math.max(sharedCalls, own.sharedCalls ?? 0);
      const length = field.isListOfPage ? pageSize : (own.length ?? 1);
      add(field.below, objects * length, own.pageSize ?? 1);
    }
  };
  add(rootFields, 1, 1);
  return { fieldCost, upstreamCalls: upstreamCalls + sharedCalls };
}

const NO_COST: OwnCost = {};

function ownCost({ node, coordinate }: SelectedField, variables: Variables): OwnCost {
  const declared = OWN_COSTS.get(coordinate) ?? NO_COST;
  return typeof declared === 'function' ? declared(readArguments(node, variables)) : declared;
}

/**
 * The largest number of times that the response has one text of a token or a page, because its fields are selected under
 * several aliases, or its items as `edges` and as `nodes`. What such a field loads itself, for example the projects of a
 * token, is not a part of it.
 */
export function countCopies(rootFields: readonly SelectedField[]): number {
  let most = 1;
  const count = (selected: readonly SelectedField[]): number => {
    const copies: Record<string, number> = {};
    for (const { coordinate, isListOfPage, below } of selected) {
      const copiesBelow = count(below);
      const text = isListOfPage ? 'items' : coordinate;
      if (OWN_COSTS.has(coordinate)) most = Math.max(most, copiesBelow);
      else copies[text] = (copies[text] ?? 0) + copiesBelow;
    }
    return Math.max(1, ...Object.values(copies));
  };
  count(rootFields);
  return most;
}

function readArguments({ arguments: args = [] }: FieldNode, variables: Variables): never {
  const values: Record<string, unknown> = {};
  for (const { name, value } of args) values[name.value] = valueFromASTUntyped(value, variables);
  // A validated operation and coerced variables have arguments of the field's type.
  return values as never;
}

/** One call for each item of a list in the arguments. GraphQL accepts a single value in place of a list with one item. */
function costOfEach(items: unknown): OwnCost {
  const length = Array.isArray(items) ? items.length : Number(items !== null && items !== undefined);
  return { calls: length, length };
}

function costOfPage({ first, after }: QuerytokensArgs): OwnCost {
  return {
    // `hasNextPage` takes a call even with `first: 0`. If the item of `after` has moved or is gone, finding the place takes
    // up to three more calls (with full pages).
    calls: after == null ? 1 : 4,
    // Other sizes are rejected when the field is resolved. Until then they cost as much as the largest page.
    pageSize: Math.min(Math.max(first ?? DEFAULT_FIRST, 0), MAX_FIRST),
  };
}

function costOfCreate({ input }: MutationcreateTokenArgs): OwnCost {
  return { calls: 1, sharedCalls: input?.idempotencyKey == null ? 0 : MAX_LOOK_UP_CALLS };
}
