import { MAX_LOOK_UP_CALLS } from '../../tokens/matching-tokens.ts';
import type { MutationcreateTokenArgs, QuerynodesArgs, QuerytokensArgs } from '../generated.ts';
import { DEFAULT_FIRST, MAX_FIRST } from '../pagination/connection.ts';

/** The cost of a field beyond being one field of the response. Calls are the most calls to the IAM API. */
export interface FieldCost {
  readonly calls?: number;
  /** The field is a list of this many objects. */
  readonly length?: number;
  /** The field is a connection of this many items. Its selections of lists (`edges`, `nodes`) are repeated for each. */
  readonly pageSize?: number;
  /** Calls that are made once in a request, however many such fields it has. */
  readonly sharedCalls?: number;
}

/** One call for each item of a list in the arguments. GraphQL accepts a single value in place of a list with one item. */
function callEach(items: unknown): FieldCost {
  const length = Array.isArray(items) ? items.length : Number(items !== null && items !== undefined);
  return { calls: length, length };
}

function page({ first, after }: QuerytokensArgs): FieldCost {
  return {
    // `hasNextPage` takes a call even with `first: 0`. If the item of `after` has moved or is gone, finding the place takes
    // up to three more calls (with full pages).
    calls: after == null ? 1 : 4,
    // Other sizes are rejected when the field is resolved. Until then they cost as much as the largest page.
    pageSize: Math.min(Math.max(first ?? DEFAULT_FIRST, 0), MAX_FIRST),
  };
}

function createToken({ input }: MutationcreateTokenArgs): FieldCost {
  return { calls: 1, sharedCalls: input?.idempotencyKey == null ? 0 : MAX_LOOK_UP_CALLS };
}

/**
 * The costs of all fields that have any, by `Type.field`, for their arguments as the client gave them, without defaults. A
 * field that is added to the schema needs an entry if its resolver calls IAM or if an argument says how long a list is. A
 * test looks for root fields without an entry.
 */
export const FIELD_COSTS: Readonly<Record<string, FieldCost | ((args: never) => FieldCost)>> = {
  'Query.node': { calls: 1 },
  'Query.nodes': ({ ids }: QuerynodesArgs) => callEach(ids),
  'Query.token': { calls: 1 },
  'Query.tokens': page,
  'Query._entities': ({ representations }: { representations: unknown }) => callEach(representations),
  'Query._service': {},
  'Token.projects': page,
  'Mutation.createToken': createToken,
  // The token is read first if only a part of its authentication method changes.
  'Mutation.updateToken': { calls: 2 },
  'Mutation.deleteToken': { calls: 1 },
  '__Schema.types': { length: 50 },
  '__Schema.directives': { length: 6 },
  '__Type.fields': { length: 3 },
};
