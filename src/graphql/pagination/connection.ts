import { badUserInput, invalidCursor } from '../../errors.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { decodeCursor, type Position, START } from './cursor.ts';
import { type Edge, iteratePages, MAX_CALLS, type PagedList } from './page-iterator.ts';

export const DEFAULT_FIRST = 20;
export const MAX_FIRST = 100;

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
