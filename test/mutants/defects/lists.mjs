const CURSOR = ['test/unit/graphql/pagination/cursor.test.ts'];
const CONNECTION = ['test/unit/graphql/pagination/connection.test.ts'];
const LIST_FIRST = ['test/unit/tokens/list-first.test.ts'];
const BATCHING = ['test/gateway/batching.test.ts'];
const LOADERS = ['test/unit/tokens/loaders.test.ts'];

/** Pages without gaps, and few calls for many questions. */
export const lists = [
  {
    name: 'A cursor of another list is taken',
    file: 'src/graphql/pagination/cursor.ts',
    find: 'const printedScope = JSON.stringify(scope);',
    replace: "const printedScope = '';",
    tests: CURSOR,
  },
  {
    name: 'A page of more than a hundred is asked for',
    file: 'src/graphql/pagination/connection.ts',
    find: 'if (first > MAX_FIRST)',
    replace: 'if (first > MAX_FIRST * 10)',
    tests: CONNECTION,
  },
  {
    name: 'An explicit null for the size of a page is no page at all',
    file: 'src/graphql/pagination/connection.ts',
    find: 'value ?? DEFAULT_FIRST',
    replace: 'value === undefined ? DEFAULT_FIRST : Number(value)',
    tests: CONNECTION,
  },
  {
    name: 'It is never learned that the list does not help',
    file: 'src/tokens/list-prefetch.ts',
    find: 'if (!hasMore && found === asked) return;',
    replace: 'if (hasMore || found !== asked) return;',
    tests: LIST_FIRST,
  },
  {
    name: 'It is never forgotten that the list did not help',
    file: 'src/tokens/list-prefetch.ts',
    find: 'if (until > now()) return false;',
    replace: 'if (until > 0) return false;',
    tests: LIST_FIRST,
  },
  {
    name: 'A list call that fails fails every token',
    file: 'src/tokens/loaders.ts',
    find: 'if (error instanceof UpstreamError) return undefined;',
    replace: '',
    tests: BATCHING,
    only: 'When the list does not hold',
  },
  {
    name: 'Tokens that a list brought are asked for again',
    file: 'src/tokens/loaders.ts',
    find: "for (const item of page.items) if (!('broken' in item)) tokens.prime(item.id, item);",
    replace: '',
    tests: LOADERS,
  },
  {
    name: 'Of several sizes of a page the first is asked for, not the largest',
    file: 'src/tokens/loaders.ts',
    find: ' || key.limit > other.limit',
    replace: '',
    tests: BATCHING,
    only: 'three sizes',
  },
  {
    name: 'A write does not clear the token that was read before',
    file: 'src/tokens/loaders.ts',
    find: 'if (id !== undefined) tokens.clear(id);',
    replace: '',
    tests: LOADERS,
  },
  {
    name: 'A write does not clear the lists that were read before',
    file: 'src/tokens/loaders.ts',
    find: '    tokenPages.clearAll();\n    projectPages.clearAll();\n',
    replace: '',
    tests: LOADERS,
  },
  {
    name: 'A create that failed leaves the lists that were read before it',
    file: 'src/tokens/loaders.ts',
    find: 'forget();\n      return written(',
    replace: 'return written(',
    tests: LOADERS,
  },
  {
    name: 'A deletion that failed leaves what was read before it',
    file: 'src/tokens/loaders.ts',
    find: 'forget(id);\n      await client.deleteToken(scope, id);',
    replace: 'await client.deleteToken(scope, id);\n      forget(id);',
    tests: LOADERS,
  },
];
