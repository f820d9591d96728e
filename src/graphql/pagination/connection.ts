import { badUserInput, invalidCursor } from '../../errors.ts';
import type { BrokenItem, Page } from '../../upstream/parse-response.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { createCursors, decodeCursor, encodeCursor, type Position, START } from './cursor.ts';

const DEFAULT_FIRST = 20;
const MAX_FIRST = 100;
const UPSTREAM_MAX = 100;
/** So many upstream pages at most for one page of ours: a filtered listing may hold long stretches of nothing. */
const MAX_CALLS = 10;

export interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

export interface ConnectionRequest<Item, Edge> {
  /** Names the list, so that a cursor of another one is refused: `tokens` or `projects:<token id>`. */
  readonly scope: string;
  readonly args: ConnectionArgs;
  /** One page of the API, which may ignore `limit` and `startKey`. Rejects with `UpstreamError`. */
  fetchPage(request: { limit: number; startKey: string | undefined }): Promise<Page<Item>>;
  /** `cursor` is dear enough to be made only where it is selected. */
  toEdge(item: Item | BrokenItem, cursor: () => string): Edge;
}

export interface Connection<Edge> {
  readonly edges: Edge[];
  readonly pageInfo: PageInfoModel;
}

export interface PageInfoModel {
  startCursor(): string | null;
  endCursor(): string | null;
  readonly hasPreviousPage: boolean;
  /** Asks the API again only when it is selected and not known yet. */
  hasNextPage(): boolean | Promise<boolean>;
}

/**
 * One forward page of a listing that itself pages by start keys and may answer short, empty, or more than was asked.
 *
 * A cursor is a start key plus how many items behind it are passed, so a page of any size can begin anywhere. Each call
 * asks for what is passed, what is wanted, and one more: that one more says whether there is a next page without a
 * second call. An item's id in the cursor finds the place again when items before it came or went.
 */
export async function toConnection<Item extends { readonly id: string }, Edge extends { cursor(): string }>(
  request: ConnectionRequest<Item, Edge>,
): Promise<Connection<Edge>> {
  const first = readFirst(request.args.first);
  const walk = createWalk(request, first, readAfter(request.scope, request.args.after));
  if (first > 0) {
    do await walk.step();
    while (walk.wantsMore() && walk.edges.length < first);
    // Only empty pages. A client cannot go on from an empty page, so this is the API's failure, not a result.
    if (walk.edges.length === 0 && walk.hasNext() === undefined) throw barren();
  }
  let asked: Promise<boolean> | undefined;
  const ask = async () => {
    while (walk.wantsMore()) await walk.step();
    return walk.hasNext() ?? true;
  };
  const hasNextPage = () => {
    asked ??= ask();
    return asked;
  };
  return {
    edges: walk.edges,
    pageInfo: {
      startCursor: () => walk.edges[0]?.cursor() ?? null,
      endCursor: () => walk.edges.at(-1)?.cursor() ?? null,
      hasPreviousPage: request.args.after != null,
      hasNextPage: () => walk.hasNext() ?? hasNextPage(),
    },
  };
}

interface Walk<Edge> {
  readonly edges: Edge[];
  /** Asks for one more upstream page. */
  step(): Promise<void>;
  /** Undefined while it is not known. */
  hasNext(): boolean | undefined;
  wantsMore(): boolean;
}

function createWalk<Item extends { readonly id: string }, Edge extends { cursor(): string }>(
  { scope, fetchPage, toEdge }: ConnectionRequest<Item, Edge>,
  first: number,
  start: Position,
): Walk<Edge> {
  let { key, offset, id } = start;
  let hasNext: boolean | undefined;
  let calls = 0;
  // The last upstream page held nothing new: ask for as much as there is, to cross the desert in few calls.
  let barrenPage = false;
  const edges: Edge[] = [];
  const seenKeys = new Set([key]);

  const fetchNext = async (): Promise<Page<Item>> => {
    const wanted = offset + (first - edges.length) + 1;
    const limit = barrenPage ? UPSTREAM_MAX : Math.min(UPSTREAM_MAX, wanted);
    calls++;
    try {
      return await fetchPage({ limit, startKey: key || undefined });
    } catch (error) {
      const isOurKeyRefused =
        calls === 1 && key !== '' && error instanceof UpstreamError && error.status === 400;
      if (isOurKeyRefused)
        throw invalidCursor('`after` is no longer valid. Start again from the first page.');
      throw error;
    }
  };
  /** Appends edges from `at` on, as many as are wanted; returns where it stopped. */
  const append = (items: Page<Item>['items'], at: number, next: string): number => {
    const end = Math.min(items.length, at + first - edges.length);
    const cursorAt = createCursors(scope, key);
    for (let passed = at + 1; passed <= end; passed++) {
      const item = items[passed - 1] as Item | BrokenItem;
      // The last item of an upstream page takes the next page's key, so that offsets stay small.
      const endsPage = next !== '' && passed === items.length;
      edges.push(
        toEdge(
          item,
          endsPage ? () => encodeCursor(scope, { ...START, key: next }) : () => cursorAt(passed, item.id),
        ),
      );
    }
    return end;
  };
  const take = ({ items, next = '' }: Page<Item>) => {
    if (next && seenKeys.has(next)) throw new UpstreamError('invalid-response', 'a page key was repeated');
    seenKeys.add(next);
    const at = resume(items, offset, id, next !== '');
    barrenPage = at === items.length;
    if (at < 0) {
      offset -= items.length;
      key = next;
    } else if (append(items, at, next) < items.length) hasNext = true;
    else if (next === '') hasNext = false;
    else ({ key, offset, id } = { ...START, key: next });
  };

  return {
    edges,
    hasNext: () => hasNext,
    wantsMore: () => hasNext === undefined && calls < MAX_CALLS,
    async step() {
      try {
        take(await fetchNext());
      } catch (error) {
        // With edges in hand a failure only makes the page shorter: the client meets it again on the next page.
        if (edges.length === 0 || !(error instanceof UpstreamError)) throw error;
        hasNext = true;
      }
    },
  };
}

/** Where to go on in `items` when `offset` items, the last of them `id`, are passed. -1: all of `items` is passed. */
function resume(
  items: readonly { readonly id: string }[],
  offset: number,
  id: string,
  hasMore: boolean,
): number {
  if (offset === 0 || items[offset - 1]?.id === id) return offset;
  const at = items.findIndex((item) => item.id === id);
  if (at >= 0) return at + 1;
  // The API's pages became smaller since the cursor was made.
  if (items.length < offset && hasMore) return -1;
  // The item itself is gone: one back, so that nothing is skipped.
  return Math.min(offset - 1, items.length);
}

function readFirst(value: number | null | undefined): number {
  // An explicit null reaches resolvers although the argument has a default: it means "absent" here, and only here.
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

function barren(): UpstreamError {
  return new UpstreamError('invalid-response', `nothing but empty pages in ${MAX_CALLS} calls`);
}
