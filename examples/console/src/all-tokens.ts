import { useQuery } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { isInvalidCursor } from './failure.ts';
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
  /** How many of the list could not be read. */
  readonly unreadable: number;
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
    // One token that cannot be read must not hide the others.
    errorPolicy: 'all',
  });
  const [pageError, setPageError] = useState<unknown>();
  const [stoppedWords, setStoppedWords] = useState<string>();
  const { edges = [], pageInfo } = data?.tokens ?? {};
  const hasMore = pageInfo?.hasNextPage ?? false;
  const after = pageInfo?.endCursor ?? null;
  const isSearching = words !== '' && hasMore && stoppedWords !== words && pageError === undefined;

  const read = (first: number) => {
    setPageError(undefined);
    fetchMore({ variables: { first, after }, errorPolicy: 'all' })
      .then(({ data: page, error: failed }) => !page?.tokens && setPageError(failed))
      .catch(setPageError);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the next page follows when this one is there
  useEffect(() => {
    if (isSearching && !loading) read(SEARCH_PAGE);
  }, [isSearching, loading, after]);

  const readable = edges.flatMap(({ node }) => (node ? [node] : []));
  // A token that was created here comes again on its page of the list.
  const tokens = [...new Map(readable.map((token) => [token.id, token])).values()];
  return {
    tokens,
    unreadable: edges.length - readable.length,
    hasMore,
    isLoading: loading,
    isSearching,
    error: pageError ?? (edges.length === 0 ? error : undefined),
    more: () => read(PAGE),
    retry: () => {
      if (pageError !== undefined && !isInvalidCursor(pageError)) return read(PAGE);
      setPageError(undefined);
      refetch().catch(() => {});
    },
    stopSearch: () => setStoppedWords(words),
    resumeSearch: () => setStoppedWords(undefined),
  };
}
