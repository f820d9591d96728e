import { useQuery } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { TokensDocument, type TokensQuery } from './gql/graphql.ts';

/** How many tokens a page has that is scrolled to. */
const PAGE = 20;
/** While searching: the largest page that the gateway gives. */
const SEARCH_PAGE = 100;

type Edge = NonNullable<TokensQuery['tokens']>['edges'][number];
export type ListedToken = NonNullable<Edge['node']>;

export interface AllTokens {
  /** As far as the list was read. */
  readonly tokens: readonly ListedToken[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** The rest of the list is being read for a search. */
  readonly isSearching: boolean;
  readonly error: unknown;
  readonly more: () => void;
  readonly retry: () => void;
  readonly stopSearch: () => void;
  readonly resumeSearch: () => void;
}

/**
 * The list of tokens, page by page. The IAM API has no search: while there are `words` to search for, the rest of the list
 * is read, until it is stopped.
 */
export function useAllTokens(words: string): AllTokens {
  const { data, error, loading, fetchMore, refetch } = useQuery(TokensDocument, {
    variables: { first: PAGE },
    notifyOnNetworkStatusChange: true,
  });
  const [pageError, setPageError] = useState<unknown>();
  const [stoppedWords, setStoppedWords] = useState<string>();
  const { edges = [], pageInfo } = data?.tokens ?? {};
  const hasMore = pageInfo?.hasNextPage ?? false;
  const after = pageInfo?.endCursor ?? null;
  const isSearching = words !== '' && hasMore && stoppedWords !== words && pageError === undefined;

  const read = (first: number) => {
    setPageError(undefined);
    fetchMore({ variables: { first, after } }).catch(setPageError);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the next page follows when this one is there
  useEffect(() => {
    if (isSearching && !loading) read(SEARCH_PAGE);
  }, [isSearching, loading, after]);

  const tokens = edges.flatMap(({ node }) => (node ? [node] : []));
  return {
    tokens,
    hasMore,
    isLoading: loading,
    isSearching,
    error: pageError ?? (tokens.length === 0 ? error : undefined),
    more: () => read(PAGE),
    retry: () => (pageError === undefined ? void refetch().catch(() => {}) : read(PAGE)),
    stopSearch: () => setStoppedWords(words),
    resumeSearch: () => setStoppedWords(undefined),
  };
}
