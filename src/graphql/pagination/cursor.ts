import { hash } from 'node:crypto';
import { parseJson } from '../../json.ts';
import type { InvalidItem, Page } from '../../upstream/parse-response.ts';

/** Where a page begins. */
export interface Position {
  /** IAM's start key; empty at the start of the list. */
  readonly key: string;
  /** How many items after that key were passed. */
  readonly offset: number;
  /** The id of the last passed item; empty when `offset` is 0. */
  readonly id: string;
  /** Marks of the passed items before that one, the latest last. */
  readonly trail?: string;
}

export const START: Position = { key: '', offset: 0, id: '' };

const VERSION = 1;
const MAX_KEY = 3000;
/** A key of 3000 characters, whatever its script, has no more. Only control characters need more in JSON. */
const MAX_KEY_BYTES = 9002;
const MAX_ID = 128;
const MAX_OFFSET = 100_000;
const MARK_CHARS = 4;
const MAX_MARKS = 16;
/** Characters at either end of an id that its mark is made of: those of a UUID have 64 bits. */
const MARKED_CHARS = 8;
/** Longer than the cursor with the longest key, id and trail, so that every cursor that was returned is accepted. */
const MAX_CURSOR = 13_500;

export interface Edge<Item> {
  /** Points after the item. It is a function, so that only selected cursors are computed. */
  cursor(): string;
  /** An Error if IAM listed an invalid item. GraphQL reports it at the path of the node. */
  readonly node: Item | InvalidItem;
}

/** The index `at` in the page that starts at `key`. */
export interface Place<Item> {
  readonly key: string;
  readonly page: Page<Item>;
  readonly at: number;
}

/** Whether a cursor can hold this start key of IAM. */
export function isEncodableKey(key: string): boolean {
  return (
    key.length <= MAX_KEY && key.isWellFormed() && Buffer.byteLength(JSON.stringify(key)) <= MAX_KEY_BYTES
  );
}

/** A cursor of the list that `scope` names, for example `projects:<token id>`. */
export function encodeCursor(scope: string, { key, ...passed }: Position): string {
  return createCursors(scope, key)(passed);
}

/** Encodes the cursors behind one start key of a list: a page has many, and what they have in common is printed once. */
function createCursors(scope: string, key: string): (passed: Omit<Position, 'key'>) => string {
  const printedScope = JSON.stringify(scope);
  const printedKey = JSON.stringify(key);
  return ({ offset, id, trail = '' }) => {
    const printedTrail = trail === '' ? '' : `,"${trail}"`;
    const position = `${printedKey},${offset},${JSON.stringify(toShortId(id))}${printedTrail}]`;
    const digest = digestOf(printedScope, position);
    return Buffer.from(`[${VERSION},"${digest}",${position}`).toString('base64url');
  };
}

/**
 * The position of a cursor of this list; undefined for anything else. No secret is involved: IAM authorizes every
 * call. The digest distinguishes a valid cursor from one of another list or a damaged one, on every replica alike.
 */
export function decodeCursor(scope: string, cursor: string): Position | undefined {
  if (cursor.length > MAX_CURSOR) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  // The digest is checked first, because that takes much less time than the rest.
  const [head, digest] = HEAD.exec(text) ?? [];
  if (head === undefined || digest !== digestOf(JSON.stringify(scope), text.slice(head.length)))
    return undefined;
  const position = readPosition(parseJson(text));
  // Accepts only what `encodeCursor` writes: base64url and JSON have several spellings, and it writes no longer id.
  return position && encodeCursor(scope, position) === cursor ? position : undefined;
}

/** Up to `wanted` items behind a place, with their cursors. */
export function toEdges<Item extends { readonly id: string }>(
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
export function findBehind(items: Items, { offset, id }: Position): number | undefined {
  if (offset === 0) return 0;
  const expected = items[offset - 1];
  if (expected !== undefined && toShortId(expected.id) === id) return offset;
  const index = items.findIndex((item) => toShortId(item.id) === id);
  return index < 0 ? undefined : index + 1;
}

/** Where to continue when the last passed item is gone: after the latest passed item that one of `pages` still has. */
export function findBehindTrail<Item extends { readonly id: string }>(
  pages: readonly Place<Item>[],
  { trail = '' }: Position,
): Place<Item> {
  const marked = pages.map((place) => ({ place, marks: markItems(place.page.items) }));
  for (let end = trail.length; end > 0; end -= MARK_CHARS) {
    const mark = trail.slice(end - MARK_CHARS, end);
    for (const { place, marks } of marked) {
      for (let at = 0; at < marks.length; at += MARK_CHARS) {
        if (marks.startsWith(mark, at)) return { ...place, at: at / MARK_CHARS + 1 };
      }
    }
  }
  // If none is left, begin with the first item: repeating items does less harm than skipping some.
  return pages[0] as Place<Item>;
}

const HEAD = new RegExp(`^\\[${VERSION},"([\\w-]+)",`);

/** `position` is the text of a cursor behind its digest. */
function digestOf(printedScope: string, position: string): string {
  return hash('sha256', `[${printedScope},${position}`, 'base64url').slice(0, 10);
}

function readPosition(parts: unknown): Position | undefined {
  const [, , key, offset, id, trail = ''] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const isValid =
    typeof key === 'string' &&
    isEncodableKey(key) &&
    Number.isInteger(offset) &&
    (offset as number) >= 0 &&
    (offset as number) <= MAX_OFFSET &&
    typeof id === 'string' &&
    id.isWellFormed() &&
    isTrail(trail);
  return isValid ? { key, offset: offset as number, id, trail } : undefined;
}

/** The id of an item in a cursor. An id that is longer than any id of IAM is replaced by its hash. */
function toShortId(id: string): string {
  return id.length <= MAX_ID ? id : `#${hash('sha256', id, 'base64url')}`;
}

/**
 * The marks of the items of a page, from which trails are cut. A mark has 24 bits, which is enough to find one of a hundred
 * items again.
 */
export function markItems(items: Items): string {
  const bytes = Buffer.allocUnsafe(items.length * 3);
  let at = 0;
  for (const { id } of items) {
    const mark = hashEnds(id);
    bytes[at++] = mark >>> 24;
    bytes[at++] = mark >>> 16;
    bytes[at++] = mark >>> 8;
  }
  return bytes.toString('base64url');
}

/** The trail behind `passed` items of a page: the marks of those before the last one. */
function cutTrail(marks: string, passed: number): string {
  const end = (passed - 1) * MARK_CHARS;
  return marks.slice(Math.max(0, end - MAX_MARKS * MARK_CHARS), end);
}

function isTrail(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length % MARK_CHARS === 0 &&
    value.length <= MAX_MARKS * MARK_CHARS &&
    /^[\w-]*$/.test(value)
  );
}

/** FNV-1a with 32 bits of both ends of an id. It takes a small part of the time of a cryptographic hash. */
function hashEnds(id: string): number {
  let value = 0x811c9dc5 | 0;
  const end = id.length - MARKED_CHARS;
  for (let at = 0; at < id.length; at++) {
    if (at === MARKED_CHARS && at < end) at = end;
    value = Math.imul(value ^ id.charCodeAt(at), 0x01000193);
  }
  return value;
}
