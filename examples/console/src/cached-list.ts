import type { ApolloCache, Reference } from '@apollo/client';

interface CachedEdge {
  readonly __typename: 'TokenEdge';
  readonly cursor: string;
  readonly node: Reference | null;
}

/** Changes the list of tokens as far as it was read, without reading it again. */
export function changeTokenList(
  cache: ApolloCache,
  change: (edges: readonly CachedEdge[]) => readonly CachedEdge[],
): void {
  cache.modify({
    fields: {
      // As `relayStylePagination` keeps it.
      tokens(value) {
        const connection = value as { readonly edges: readonly CachedEdge[] };
        return { ...connection, edges: change(connection.edges) };
      },
    },
  });
}
