import type { ApolloClient } from '@apollo/client';
import { useApolloClient } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { TokenDocument, type TokenQuery, type TokenQueryVariables } from './gql/graphql.ts';

/** The largest page that the gateway gives. */
const PAGE = 100;
/** Twenty pages. A dialog that waits for more is no help. */
const LIMIT = 2_000;

/** The names of projects; undefined for one that could not be read. */
type Names = readonly (string | undefined)[];

export interface AllProjects {
  /** Of the projects that were read so far. */
  readonly names: Names;
  readonly isLoading: boolean;
  /** There are more than were read. */
  readonly isCut: boolean;
  readonly error: unknown;
  readonly retry: () => void;
}

/**
 * Reads the projects of a token to the end, since the API has no totals. They are read anew: what the page shows may be
 * old, and not all of it.
 */
export function useAllProjects(tokenId: string): AllProjects {
  const client = useApolloClient();
  const [names, setNames] = useState<Names>([]);
  const [state, setState] = useState<'loading' | 'complete' | 'cut'>('loading');
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt starts from the beginning
  useEffect(() => {
    let isCurrent = true;
    const read = async () => {
      let found: Names = [];
      let after: string | null = null;
      do {
        const page = await readPage(client, tokenId, after);
        if (!isCurrent) return;
        found = [...found, ...page.names];
        after = page.next;
        setNames(found);
      } while (after !== null && found.length < LIMIT);
      setState(after === null ? 'complete' : 'cut');
    };
    setError(undefined);
    setState('loading');
    read().catch((reason: unknown) => isCurrent && setError(reason));
    return () => {
      isCurrent = false;
    };
  }, [client, tokenId, attempt]);

  const retry = () => setAttempt((last) => last + 1);
  return { names, isLoading: state === 'loading', isCut: state === 'cut', error, retry };
}

interface Page {
  readonly names: Names;
  /** The cursor to go on with; null at the end. */
  readonly next: string | null;
}

async function readPage(client: ApolloClient, id: string, after: string | null): Promise<Page> {
  const { token } = await readProjects(client, { id, first: PAGE, after });
  // The token may be gone.
  if (!token?.projects) return { names: [], next: null };
  const { edges, pageInfo } = token.projects;
  return {
    // Access to a project that could not be read is lost all the same.
    names: edges.map(({ node }) => node?.name),
    next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null,
  };
}

/**
 * A token with one page of its projects; without a token if that is gone. Rejects if the page could not be read, but not
 * if only some of its projects could not: those are null.
 */
export async function readProjects(
  client: ApolloClient,
  variables: TokenQueryVariables,
): Promise<TokenQuery> {
  const { data, error } = await client.query({
    query: TokenDocument,
    variables,
    fetchPolicy: 'no-cache',
    errorPolicy: 'all',
  });
  if (!data || (error && !data.token?.projects)) throw error;
  return data;
}
