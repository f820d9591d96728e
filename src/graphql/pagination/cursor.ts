import { hash } from 'node:crypto';

/** Where a page goes on. */
export interface Position {
  /** The API's start key; empty at the start of the list. */
  readonly key: string;
  /** How many items behind that key are passed already. */
  readonly offset: number;
  /** The id of the last passed one; empty when `offset` is 0. */
  readonly id: string;
}

export const START: Position = { key: '', offset: 0, id: '' };

const VERSION = 1;
const MAX_CURSOR = 4600;
const MAX_KEY = 3000;
const MAX_OFFSET = 100_000;

/** A cursor of the list `scope` names, for example `projects:<token id>`. */
export function encodeCursor(scope: string, { key, offset, id }: Position): string {
  return createCursors(scope, key)(offset, id);
}

/** The cursors behind one start key of a list. A page has many of them, and prints what they have in common once. */
export function createCursors(scope: string, key: string): (offset: number, id: string) => string {
  const printedScope = JSON.stringify(scope);
  const printedKey = JSON.stringify(key);
  return (offset, id) => {
    const position = `${printedKey},${offset},${JSON.stringify(id)}`;
    const mark = hash('sha256', `[${printedScope},${position}]`, 'base64url').slice(0, 10);
    return Buffer.from(`[${VERSION},"${mark}",${position}]`).toString('base64url');
  };
}

/**
 * The position of a cursor of this list; undefined for anything else. No secret is involved: the API authorizes every
 * call. The digest tells a cursor of another list, or a damaged one, from a valid one, on every replica alike.
 */
export function decodeCursor(scope: string, cursor: string): Position | undefined {
  if (cursor.length > MAX_CURSOR || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length !== 5) return undefined;
  const [version, , key, offset, id] = parts as unknown[];
  if (version !== VERSION || typeof key !== 'string' || typeof id !== 'string' || key.length > MAX_KEY)
    return undefined;
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0 || offset > MAX_OFFSET)
    return undefined;
  // Its mark included, and only in the one spelling that encodeCursor writes: base64url has several for the same bytes.
  return encodeCursor(scope, { key, offset, id }) === cursor ? { key, offset, id } : undefined;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
