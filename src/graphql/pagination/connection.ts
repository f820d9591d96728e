import { badUserInput, invalidCursor } from '../../errors.ts';
import type { PageRequest } from '../../upstream/iam-client.ts';
import type { Page } from '../../upstream/parse-response.ts';
import { meaningOf, UpstreamError } from '../../upstream/upstream-error.ts';
import {
  decodeCursor,
  type Edge,
  findBehind,
  findBehindTrail,
  isEncodableKey,
  type Place,
  type Position,
  START,
  toEdges,
} from './cursor.ts';

export const DEFAULT_FIRST = 20;
export const MAX_FIRST = 100;

/** The most items that IAM gives in one page. */
const LARGEST_PAGE = 100;
/** A filtered list may have many empty pages in a row; one page of a connection reads no more than these. */
const MAX_CALLS = 10;

/** A list at IAM, which has pages. */
interface PagedList<Item> {
  /** Names the list, so that cursors of other lists are rejected: `tokens` or `projects:<token id>`. */
  readonly scope: string;
  /** One page from IAM, which may ignore `limit` and `startKey`. Rejects with `UpstreamError`. */
  fetchPage(request: PageRequest): Promise<Page<Item>>;
  /** Called with the size of each page. May throw. */
  countChars(chars: number): void;
}

interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

export interface Connection<Edge> {
  readonly edges: Edge[];
  readonly pageInfo: PageInfoModel;
}

export interface PageInfoModel {
  startCursor(): string | null;
  endCursor(): string | null;
  readonly hasPreviousPage: boolean;
  /** Calls IAM only if the field is selected and it is not known yet whether a page follows. */
  hasNextPage(): boolean | Promise<boolean>;
}

/**
 * One forward page of a list that itself has pages, which may be short, empty, or longer than requested.
 *
 * A cursor has a start key of IAM and the number of items after it that were returned already, so a page of any size
 * can begin anywhere. One more item than requested is read, to know without a second call whether there is a next page.
 */
export async function toConnection<Item extends { readonly id: string }>(
  list: PagedList<Item>,
  args: ConnectionArgs,
): Promise<Connection<Edge<Item>>> {
  const first = readFirst(args.first);
  const pages = iteratePages(list, readAfter(list.scope, args.after));
  const items: Edge<Item>[] = [];
  let isCutShort = false;

  /** Undefined while it is not known. */
  const hasNext = () => {
    if (items.length > first || isCutShort) return true;
    return pages.isAtEnd() ? false : undefined;
  };
  /** Reads up to this many items, unless the calls are used up or the next page is known before. */
  const readUpTo = async (count: number) => {
    while (items.length < count && hasNext() === undefined && pages.canContinue()) {
      try {
        items.push(...(await pages.next(first + 1 - items.length)));
      } catch (error) {
        // If some items were read, a failure only shortens the page: the client gets the error with the next page.
        if (items.length === 0 || !(error instanceof UpstreamError)) throw error;
        isCutShort = true;
      }
    }
    return hasNext();
  };
  let found: Promise<boolean> | undefined;
  const findNext = () => {
    found ??= readUpTo(first + 1).then((known) => known ?? true);
    return found;
  };

  const next = await readUpTo(first);
  // An empty page has no cursor to continue from, so this is a failure of IAM.
  if (first > 0 && items.length === 0 && next === undefined)
    throw new UpstreamError('invalid-response', `nothing but empty pages in ${MAX_CALLS} calls`);
  const edges = items.slice(0, first);
  return {
    edges,
    pageInfo: {
      startCursor: () => edges[0]?.cursor() ?? null,
      endCursor: () => edges.at(-1)?.cursor() ?? null,
      hasPreviousPage: args.after != null,
      hasNextPage: () => hasNext() ?? findNext(),
    },
  };
}

function readFirst(value: number | null | undefined): number {
  // An explicit null reaches resolvers although the argument has a default: it is treated as absent, only in this place.
  const first = value ?? DEFAULT_FIRST;
  if (first < 0) throw badUserInput('`first` must not be negative.', 'first');
  if (first > MAX_FIRST) throw badUserInput(`\`first\` must not be more than ${MAX_FIRST}.`, 'first');
  return first;
}

function readAfter(scope: string, after: string | null | undefined): Position {
  if (after === null || after === undefined) return START;
  const position = decodeCursor(scope, after);
  if (!position)
    throw invalidCursor('`after` is not a cursor of this list. Start again from the first page.');
  return position;
}

/** The items of a list after a position, one API page at a time. */
function iteratePages<Item extends { readonly id: string }>(list: PagedList<Item>, start: Position) {
  let position = start;
  let isAtEnd = false;
  let calls = 0;
  // The last page had no new items; request the maximum, so that runs of empty pages take few calls.
  let isSparse = false;
  const seenKeys = new Set([start.key]);

  const fetchPage = async (key: string, limit: number): Promise<Page<Item>> => {
    calls++;
    try {
      const page = await list.fetchPage({ limit, startKey: key || undefined });
      list.countChars(page.chars);
      if (page.next !== undefined && !isEncodableKey(page.next))
        throw new UpstreamError('invalid-response', 'a page key does not fit into a cursor');
      return page;
    } catch (error) {
      const isKeyRejected =
        calls === 1 && key !== '' && error instanceof UpstreamError && meaningOf(error) === 400;
      if (isKeyRejected) throw invalidCursor('`after` is no longer valid. Start again from the first page.');
      throw error;
    }
  };

  /** The page at the position. If it lacks the last passed item, which may be farther back, it is requested again, larger. */
  const fetchFirst = async (wanted: number): Promise<Page<Item>> => {
    const { key, offset } = position;
    const limit = isSparse ? LARGEST_PAGE : Math.min(LARGEST_PAGE, offset + wanted);
    const page = await fetchPage(key, limit);
    const isWhole = limit === LARGEST_PAGE || page.next === undefined;
    return isWhole || findBehind(page.items, position) !== undefined ? page : fetchPage(key, LARGEST_PAGE);
  };

  /**
   * The page with the items behind the position, and the index at which they begin. Usually the last passed item is where
   * the cursor says. If the list has changed since, it is farther back (items were added before it), in a later page (pages
   * have become smaller), or gone (it was deleted). Passed items cannot be counted, because others may be gone too. So the
   * search covers as many items as were passed, but at most a page, and one page more: a cursor that a client has made up
   * may have any offset.
   */
  const findPlace = async (wanted: number): Promise<Place<Item>> => {
    const pages: Place<Item>[] = [];
    let { key } = position;
    let page = await fetchFirst(wanted);
    let unread = Math.min(position.offset, LARGEST_PAGE);
    for (;;) {
      const { items, next } = page;
      const at = findBehind(items, position);
      if (at !== undefined) return { key, page, at };
      pages.push({ key, page, at: 0 });
      if (next === undefined || unread <= 0 || calls >= MAX_CALLS) return findBehindTrail(pages, position);
      unread -= items.length;
      key = next;
      page = await fetchPage(key, LARGEST_PAGE);
    }
  };

  return {
    /** Up to `wanted` items of the next API page, possibly none. Rejects with `UpstreamError`. */
    async next(wanted: number): Promise<readonly Edge<Item>[]> {
      const place = await findPlace(wanted);
      const { items, next } = place.page;
      seenKeys.add(place.key);
      isSparse = place.at >= items.length;
      isAtEnd = next === undefined;
      if (next !== undefined) {
        if (seenKeys.has(next)) throw new UpstreamError('invalid-response', 'a page key was repeated');
        seenKeys.add(next);
        position = { key: next, offset: 0, id: '' };
      }
      return toEdges(list.scope, place, wanted);
    },
    /** Whether IAM has said that no page follows. */
    isAtEnd: () => isAtEnd,
    /** Whether `next` may be called again. */
    canContinue: () => !isAtEnd && calls < MAX_CALLS,
  };
}
