import { invalidCursor } from '../../errors.ts';
import type { PageRequest } from '../../upstream/iam-client.ts';
import type { InvalidItem, Page } from '../../upstream/parse-response.ts';
import { meaningOf, UpstreamError } from '../../upstream/upstream-error.ts';
import {
  createCursors,
  cutTrail,
  encodeCursor,
  followTrail,
  isEncodableKey,
  markItems,
  type Position,
  toShortId,
} from './cursor.ts';

/** The most items that IAM gives in one page. */
const LARGEST_PAGE = 100;
/** A filtered list may have many empty pages in a row; one page of a connection reads no more than these. */
export const MAX_CALLS = 10;

/** A list at IAM, which has pages. */
export interface PagedList<Item> {
  /** Names the list, so that cursors of other lists are rejected: `tokens` or `projects:<token id>`. */
  readonly scope: string;
  /** One page from IAM, which may ignore `limit` and `startKey`. Rejects with `UpstreamError`. */
  fetchPage(request: PageRequest): Promise<Page<Item>>;
  /** Called with the size of each page. May throw. */
  countChars(chars: number): void;
}

export interface Edge<Item> {
  /** Points after the item. It is a function, so that only selected cursors are computed. */
  cursor(): string;
  /** An Error if IAM listed an invalid item. GraphQL reports it at the path of the node. */
  readonly node: Item | InvalidItem;
}

/** The items of a list after a position, one API page at a time. */
export function iteratePages<Item extends { readonly id: string }>(list: PagedList<Item>, start: Position) {
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

/** The index `at` in the page that starts at `key`. */
interface Place<Item> {
  readonly key: string;
  readonly page: Page<Item>;
  readonly at: number;
}

function toEdges<Item extends { readonly id: string }>(
  scope: string,
  { key, page: { items, next }, at }: Place<Item>,
  wanted: number,
): Edge<Item>[] {
  // Made for the first cursor that is selected.
  let encode: ReturnType<typeof createCursors> | undefined;
  let marks: string | undefined;
  const cursorBehind = (offset: number, id: string): string => {
    // The last item of an API page takes the next page's key, so that offsets stay small.
    if (next !== undefined && offset === items.length)
      return encodeCursor(scope, { key: next, offset: 0, id: '' });
    encode ??= createCursors(scope, key);
    marks ??= markItems(items);
    return encode({ offset, id, trail: cutTrail(marks, offset) });
  };
  return items.slice(at, at + wanted).map((node, index) => {
    let known: string | undefined;
    const cursor = () => {
      // Clients select the last cursor twice: with its edge, and as `endCursor`.
      known ??= cursorBehind(at + index + 1, node.id);
      return known;
    };
    return { cursor, node };
  });
}

type Items = readonly { readonly id: string }[];

/** The index behind the last passed item; undefined when it is not in the page. */
function findBehind(items: Items, { offset, id }: Position): number | undefined {
  if (offset === 0) return 0;
  const expected = items[offset - 1];
  if (expected !== undefined && toShortId(expected.id) === id) return offset;
  const index = items.findIndex((item) => toShortId(item.id) === id);
  return index < 0 ? undefined : index + 1;
}

/** Where to continue when the last passed item is gone: after the latest passed item that one of `pages` still has. */
function findBehindTrail<Item extends { readonly id: string }>(
  pages: readonly Place<Item>[],
  { trail = '' }: Position,
): Place<Item> {
  const left = followTrail(
    trail,
    pages.map(({ page }) => markItems(page.items)),
  );
  // If none is left, begin with the first item: repeating items does less harm than skipping some.
  const { page, at } = left ?? { page: 0, at: 0 };
  return { ...(pages[page] as Place<Item>), at };
}
