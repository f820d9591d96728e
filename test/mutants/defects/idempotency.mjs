const IDEMPOTENCY = ['test/gateway/idempotency.test.ts'];
const UNIT = ['test/unit/tokens/idempotency.test.ts'];
const FILE = 'src/tokens/idempotent-create.ts';

/** At most one token for each idempotency key. */
export const idempotency = [
  {
    name: 'The token of a lost answer is looked for on the first page only',
    file: 'src/tokens/matching-tokens.ts',
    find: '    startKey = next;\n',
    replace: '    break;\n',
    tests: UNIT,
  },
  {
    name: 'Two callers with the same key get the same token',
    file: FILE,
    find: 'sha256([request.principal, request.key])',
    replace: 'sha256([request.key])',
    tests: IDEMPOTENCY,
  },
  {
    name: 'A token that was deleted since is made again',
    file: FILE,
    find: 'return token ? { token } : deletedSince;',
    replace: 'if (token) return { token };',
    tests: IDEMPOTENCY,
  },
];
