import { useFragment } from '@apollo/client/react';
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { type AllTokens, type ListedToken, useAllTokens } from '../all-tokens.ts';
import { toFailure } from '../failure.ts';
import { ProjectCountFragmentDoc } from '../gql/graphql.ts';
import { hrefOf } from '../route.ts';
import { Notice } from './Notice.tsx';
import { Skeleton } from './Skeleton.tsx';

/** How many rows are put into the page at a time: ten thousand at once would take seconds. */
const ROWS = 50;

interface TokenListProps {
  readonly selected: string | undefined;
  readonly onCreate: () => void;
}

/** All tokens, page by page as they are scrolled to, and a search through all of them. */
export function TokenList({ selected, onCreate }: TokenListProps) {
  const [search, setSearch] = useState('');
  const words = useDeferredValue(search.trim().toLowerCase());
  const list = useAllTokens(words);
  const [rows, setRows] = useState(ROWS);
  const found = list.tokens.filter(({ name, id }) => `${name} ${id}`.toLowerCase().includes(words));
  const isFirstPage = list.tokens.length + list.unreadable === 0;
  const hasMoreRows = found.length > rows;
  const canRead = list.hasMore && words === '' && list.error === undefined;
  const more = () => {
    setRows((shown) => shown + ROWS);
    if (!hasMoreRows) list.more();
  };

  return (
    <nav aria-label="Tokens" tabIndex={-1}>
      <div className="search">
        <input
          type="search"
          aria-label="Search tokens"
          placeholder="Search by name or id"
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setRows(ROWS);
          }}
        />
        <Progress list={list} found={found.length} words={words} />
      </div>
      <div className="list">
        <ul>
          {found.slice(0, rows).map((token) => (
            <Row key={token.id} token={token} isSelected={token.id === selected} />
          ))}
        </ul>
        {list.unreadable > 0 && (
          <p className="hint">{plural(list.unreadable)} could not be read and cannot be shown here.</p>
        )}
        {list.isLoading && isFirstPage && <Skeleton />}
        {list.error !== undefined && <Notice failure={toFailure(list.error)} onRetry={list.retry} />}
        {!list.isLoading && list.error === undefined && isFirstPage && (
          <div className="empty">
            <p>You have no tokens yet.</p>
            <button type="button" className="primary" onClick={onCreate}>
              Create the first
            </button>
          </div>
        )}
        {(hasMoreRows || canRead) && (
          <More
            isLoading={list.isLoading && !hasMoreRows}
            shown={Math.min(found.length, rows)}
            onMore={more}
          />
        )}
      </div>
    </nav>
  );
}

function Row({ token, isSelected }: { token: ListedToken; isSelected: boolean }) {
  const count = useProjectCount(token);
  return (
    <li>
      <a href={hrefOf(token.id)} aria-current={isSelected ? 'page' : undefined}>
        <span className="name">{token.name}</span>
        <span className="aside">
          {count !== undefined && <span className="count">{count}</span>}
          <span className="tag">{token.authenticationMethod.signingAlgorithm ?? 'unknown'}</span>
        </span>
        <span className="id">{token.id}</span>
      </a>
    </li>
  );
}

/** Known for tokens that were looked at. To ask for all of them would be a request to IAM for each row. */
function useProjectCount(token: ListedToken): string | undefined {
  const { data, complete } = useFragment({
    fragment: ProjectCountFragmentDoc,
    fragmentName: 'ProjectCount',
    from: token,
  });
  if (!complete || !data.projects) return undefined;
  const { edges, pageInfo } = data.projects;
  if (pageInfo.hasNextPage) return `${edges.length}+ projects`;
  return edges.length === 1 ? '1 project' : `${edges.length} projects`;
}

/** How far the list is read, and a way to stop reading or to go on. */
function Progress({ list, found, words }: { list: AllTokens; found: number; words: string }) {
  const read = list.tokens.length;
  const isCut = words !== '' && list.hasMore && !list.isSearching && list.error === undefined;
  return (
    <div className="progress">
      <p className="hint" role="status">
        {progressText(list, found, words)}
      </p>
      {list.isSearching && read > 0 && (
        <button type="button" className="small" onClick={list.stopSearch}>
          Stop
        </button>
      )}
      {isCut && read > 0 && (
        <button type="button" className="small" onClick={list.resumeSearch}>
          Search the rest
        </button>
      )}
    </div>
  );
}

function progressText({ tokens, hasMore, isLoading, isSearching }: AllTokens, found: number, words: string) {
  const read = tokens.length;
  if (read === 0) return isLoading ? 'Loading…' : '';
  if (words === '') return `${plural(read)}${hasMore ? ' loaded, more to come' : ''}`;
  if (isSearching) return `Searching… ${found} of ${plural(read)}`;
  return `${found} of ${plural(read)}${hasMore ? '; not all were searched' : ''}`;
}

function plural(count: number): string {
  return count === 1 ? '1 token' : `${count} tokens`;
}

interface MoreProps {
  readonly isLoading: boolean;
  /** Rows in the list: when there are more of them, the button may still be in view. */
  readonly shown: number;
  readonly onMore: () => void;
}

/** Loads when it comes into view, and when it is pressed. It is never disabled, so that it keeps the focus. */
function More({ isLoading, shown, onMore }: MoreProps) {
  const ref = useRef<HTMLButtonElement>(null);
  const load = useRef(onMore);
  load.current = onMore;
  // biome-ignore lint/correctness/useExhaustiveDependencies: an observer reports only what changes after its start
  useEffect(() => {
    const button = ref.current;
    if (!button || isLoading) return undefined;
    // The last entry is the newest: a slow browser reports several at once.
    const observer = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && load.current());
    observer.observe(button);
    return () => observer.disconnect();
  }, [isLoading, shown]);
  return (
    <button
      ref={ref}
      type="button"
      className="more"
      aria-disabled={isLoading}
      onClick={() => !isLoading && onMore()}
    >
      {isLoading ? 'Loading…' : 'Load more'}
    </button>
  );
}
