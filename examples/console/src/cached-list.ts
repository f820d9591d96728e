import { type ApolloCache, isReference, type Reference } from '@apollo/client';

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

/** Takes a deleted token out of the list, and out of its page, which the back button may show again. */
export function forgetToken(
  cache: ApolloCache,
  token: { readonly __typename: 'Token'; readonly id: string },
): void {
  const id = cache.identify(token);
  changeTokenList(cache, (edges) => edges.filter(({ node }) => node?.__ref !== id));
  cache.modify({ fields: { token: (value) => (isReference(value) && value.__ref === id ? null : value) } });
}
