const CURSOR = ['test/unit/cursor.test.ts'];
const CONNECTION = ['test/unit/connection.test.ts'];
const LIST_FIRST = ['test/unit/list-first.test.ts'];
const BATCHING = ['test/gateway/batching.test.ts'];
const LOADERS = ['test/unit/loaders.test.ts'];

/** Pages without gaps, and few calls for many questions. */
export const lists = [
  {
    name: 'The digest of a cursor is not checked',
    file: 'src/cursor.ts',
    find: 'mark === digest(scope, key, offset, id) && ',
    replace: '',
    tests: CURSOR,
  },
  {
    name: 'A cursor of another list is taken',
    file: 'src/cursor.ts',
    find: '.update(JSON.stringify([scope, key, offset, id]))',
    replace: '.update(JSON.stringify([key, offset, id]))',
    tests: CURSOR,
  },
  {
    name: 'Whether there is a next page is guessed',
    file: 'src/connection.ts',
    find: '    while (walk.wantsMore()) await walk.step();\n',
    replace: '',
    tests: CONNECTION,
  },
  {
    name: 'A start key that repeats is followed',
    file: 'src/connection.ts',
    find: "if (next && seenKeys.has(next)) throw new UpstreamError('invalid-response', 'a page key was repeated');",
    replace: '',
    tests: CONNECTION,
  },
  {
    name: 'An item is skipped when the one at the cursor was deleted',
    file: 'src/connection.ts',
    find: 'Math.min(offset - 1, items.length)',
    replace: 'Math.min(offset, items.length)',
    tests: CONNECTION,
  },
  {
    name: 'The item at the cursor is not looked for when items before it came or went',
    file: 'src/connection.ts',
    find: 'items.findIndex((item) => item.id === id)',
    replace: '-1',
    tests: CONNECTION,
  },
  {
    name: 'A failure on a later call loses the items that are there',
    file: 'src/connection.ts',
    find: 'if (edges.length === 0 || !(error instanceof UpstreamError)) throw error;',
    replace: 'if (error) throw error;',
    tests: CONNECTION,
  },
  {
    name: 'A page of more than a hundred is asked for',
    file: 'src/connection.ts',
    find: 'if (first > MAX_FIRST)',
    replace: 'if (first > MAX_FIRST * 10)',
    tests: CONNECTION,
  },
  {
    name: 'An explicit null for the size of a page is no page at all',
    file: 'src/connection.ts',
    find: 'value ?? DEFAULT_FIRST',
    replace: 'value === undefined ? DEFAULT_FIRST : Number(value)',
    tests: CONNECTION,
  },
  {
    name: 'A cursor that the API no longer takes reads as a failure of the API',
    file: 'src/connection.ts',
    find: 'if (isOurKeyRefused)',
    replace: 'if (isOurKeyRefused && first === 0)',
    tests: CONNECTION,
  },
  {
    name: 'It is never learned that the list does not help',
    file: 'src/upstream/list-first.ts',
    find: 'if (!hasMore && found === asked) return;',
    replace: 'if (hasMore || found !== asked) return;',
    tests: LIST_FIRST,
  },
  {
    name: 'It is never forgotten that the list did not help',
    file: 'src/upstream/list-first.ts',
    find: 'if (until > now()) return false;',
    replace: 'if (until > 0) return false;',
    tests: LIST_FIRST,
  },
  {
    name: 'A list call that fails fails every token',
    file: 'src/loaders.ts',
    find: 'if (error instanceof UpstreamError) return undefined;',
    replace: '',
    tests: BATCHING,
    only: 'When the list does not hold',
  },
  {
    name: 'Tokens that a list brought are asked for again',
    file: 'src/loaders.ts',
    find: "for (const item of page.items) if (!('broken' in item)) tokens.prime(item.id, item);",
    replace: '',
    tests: LOADERS,
  },
  {
    name: 'Of several sizes of a page the first is asked for, not the largest',
    file: 'src/loaders.ts',
    find: ' || key.limit > other.limit',
    replace: '',
    tests: BATCHING,
    only: 'three sizes',
  },
  {
    name: 'A write does not clear the token that was read before',
    file: 'src/loaders.ts',
    find: 'if (id !== undefined) tokens.clear(id);',
    replace: '',
    tests: LOADERS,
  },
  {
    name: 'A write does not clear the lists that were read before',
    file: 'src/loaders.ts',
    find: '    tokenPages.clearAll();\n    projectPages.clearAll();\n',
    replace: '',
    tests: LOADERS,
  },
  {
    name: 'A create that failed leaves the lists that were read before it',
    file: 'src/loaders.ts',
    find: 'forget();\n      return written(',
    replace: 'return written(',
    tests: LOADERS,
  },
  {
    name: 'A deletion that failed leaves what was read before it',
    file: 'src/loaders.ts',
    find: 'forget(id);\n      await client.deleteToken(scope, id);',
    replace: 'await client.deleteToken(scope, id);\n      forget(id);',
    tests: LOADERS,
  },
];
