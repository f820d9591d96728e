import { useQuery } from '@apollo/client/react';
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { toFailure } from '../failure.ts';
import { TokensDocument } from '../gql/graphql.ts';
import { hrefOf } from '../route.ts';
import { Notice } from './Notice.tsx';

const PAGE = 20;

interface TokenListProps {
  readonly selected: string | undefined;
  readonly onCreate: () => void;
}

/** All tokens, page by page as they are scrolled to. The IAM API has no search: what is loaded is searched. */
export function TokenList({ selected, onCreate }: TokenListProps) {
  const [search, setSearch] = useState('');
  const { data, error, loading, fetchMore, refetch } = useQuery(TokensDocument, {
    variables: { first: PAGE },
    notifyOnNetworkStatusChange: true,
  });
  const [pageFailed, setPageFailed] = useState<unknown>();
  const words = useDeferredValue(search.trim().toLowerCase());
  const tokens = (data?.tokens?.edges ?? []).flatMap(({ node }) => (node ? [node] : []));
  const found = tokens.filter(({ name, id }) => `${name} ${id}`.toLowerCase().includes(words));
  const { hasNextPage = false, endCursor } = data?.tokens?.pageInfo ?? {};
  const more = () => {
    setPageFailed(undefined);
    fetchMore({ variables: { first: PAGE, after: endCursor ?? null } }).catch(setPageFailed);
  };
  const failure = pageFailed ?? (tokens.length === 0 ? error : undefined);

  return (
    <nav aria-label="Tokens">
      <input
        type="search"
        aria-label="Search tokens"
        placeholder="Search by name or id"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <p className="hint" role="status">
        {summary({
          loading,
          shown: found.length,
          loaded: tokens.length,
          hasNextPage,
          isSearching: words !== '',
        })}
      </p>
      <ul className="tokens">
        {found.map(({ id, name, authenticationMethod }) => (
          <li key={id}>
            <a href={hrefOf(id)} aria-current={id === selected ? 'page' : undefined}>
              <span className="name">{name}</span>
              <span className="tag">{authenticationMethod.signingAlgorithm ?? 'unknown'}</span>
              <span className="id">{id}</span>
            </a>
          </li>
        ))}
      </ul>
      {loading && tokens.length === 0 && <Skeleton />}
      {failure !== undefined && (
        <Notice
          failure={toFailure(failure)}
          onRetry={pageFailed ? more : () => void refetch().catch(() => {})}
        />
      )}
      {!loading && !failure && tokens.length === 0 && (
        <div className="empty">
          <p>You have no tokens yet.</p>
          <button type="button" className="primary" onClick={onCreate}>
            Create the first
          </button>
        </div>
      )}
      {hasNextPage && failure === undefined && (
        <More isLoading={loading} isEager={words === ''} onMore={more} />
      )}
    </nav>
  );
}

interface Counts {
  readonly loading: boolean;
  readonly shown: number;
  readonly loaded: number;
  readonly hasNextPage: boolean;
  readonly isSearching: boolean;
}

function summary({ loading, shown, loaded, hasNextPage, isSearching }: Counts): string {
  if (loaded === 0) return loading ? 'Loading…' : '';
  const more = hasNextPage ? ' loaded, more to come' : '';
  return isSearching ? `${shown} of ${loaded}${more}` : `${loaded} tokens${more}`;
}

/** Loads when it comes into view; and when it is pressed, for those who do not scroll. */
function More({ isLoading, isEager, onMore }: { isLoading: boolean; isEager: boolean; onMore: () => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  const load = useRef(onMore);
  load.current = onMore;
  useEffect(() => {
    const button = ref.current;
    if (!button || !isEager || isLoading) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && load.current());
    observer.observe(button);
    return () => observer.disconnect();
  }, [isEager, isLoading]);
  return (
    <button ref={ref} type="button" className="more" onClick={onMore} disabled={isLoading}>
      {isLoading ? 'Loading…' : 'Load more'}
    </button>
  );
}

export function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      {['one', 'two', 'three', 'four', 'five'].map((name) => (
        <span key={name} />
      ))}
    </div>
  );
}
