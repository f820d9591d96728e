/**
 * What an id may look like. Ids are opaque (UUIDs in practice), but one becomes a path segment, and
 * `encodeURIComponent('..')` is `..`: encoding alone would let an id climb the path.
 */
const ID = /^[A-Za-z0-9_][A-Za-z0-9_.:~-]{0,127}$/;

/** Whether `id` can be an id at all. A malformed one is never sent upstream. */
export function isId(id: string): boolean {
  return ID.test(id) && !id.includes('..');
}
