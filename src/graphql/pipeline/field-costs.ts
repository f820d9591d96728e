import { MAX_LOOK_UP_CALLS } from '../../tokens/matching-tokens.ts';

/** The cost of a field beyond being one field of the response. Calls are the most calls to the IAM API. */
export interface FieldCost {
  /** Calls that the field makes itself. They count even with `first: 0`, because `hasNextPage` then takes a call. */
  readonly calls?: number;
  /** The field is a connection of `first` items. Its selections of lists (`edges`, `nodes`) are repeated for each. */
  readonly page?: {
    /** Further calls if `after` is given. */
    readonly callsAfter: number;
  };
  /** The field has an object for each item of this argument, and makes its calls for each. */
  readonly perItemOf?: string;
  /** The field is a list of this many items. */
  readonly items?: number;
  /** Calls that are made once in a request, however many such fields it has, if the value at this path is given. */
  readonly shared?: { readonly calls: number; readonly path: readonly string[] };
}

/** If the item of `after` has moved or is gone, finding the place takes up to three more calls (with full pages). */
const PAGE: FieldCost = { calls: 1, page: { callsAfter: 3 } };

/**
 * The costs of all fields that have any, by `Type.field`. A field that is added to the schema needs an entry if its
 * resolver calls IAM or if an argument says how long a list is. A test looks for root fields without an entry.
 */
export const FIELD_COSTS: Readonly<Record<string, FieldCost>> = {
  'Query.node': { calls: 1 },
  'Query.nodes': { calls: 1, perItemOf: 'ids' },
  'Query.token': { calls: 1 },
  'Query.tokens': PAGE,
  'Query._entities': { calls: 1, perItemOf: 'representations' },
  'Query._service': {},
  'Token.projects': PAGE,
  'Mutation.createToken': {
    calls: 1,
    shared: { calls: MAX_LOOK_UP_CALLS, path: ['input', 'idempotencyKey'] },
  },
  // The token is read first if only a part of its authentication method changes.
  'Mutation.updateToken': { calls: 2 },
  'Mutation.deleteToken': { calls: 1 },
  // Introspection. The sizes are averages of this schema, so that nested lists cost about what they return.
  '__Schema.types': { items: 50 },
  '__Schema.directives': { items: 6 },
  '__Type.fields': { items: 3 },
  '__Type.inputFields': { items: 1 },
  '__Type.enumValues': { items: 1 },
};
