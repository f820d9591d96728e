const IDEMPOTENCY = ['test/gateway/idempotency.test.ts'];
const UNIT = ['test/unit/tokens/idempotency.test.ts'];
const FILE = 'src/tokens/idempotent-create.ts';

/** At most one token for each idempotency key. */
export const idempotency = [
  {
    name: 'The record is written after the POST only',
    file: FILE,
    find: 'if (!record) await orRefuse(store.set(recordKey, JSON.stringify(before), TTL_MS));',
    replace: '',
    tests: IDEMPOTENCY,
  },
  {
    name: 'The same key with another input is no conflict',
    file: FILE,
    find: 'if (record && record.digest !== digest) return conflict;',
    replace: '',
    tests: IDEMPOTENCY,
  },
  {
    name: 'The same key with another input is no conflict while the first is under way',
    file: FILE,
    find: 'other.digest === digest ? other.outcome : Promise.resolve(conflict)',
    replace: 'other.outcome',
    tests: IDEMPOTENCY,
  },
  {
    name: 'A create that failed is joined for ever',
    file: FILE,
    find: '.finally(() => running.delete(recordKey))',
    replace: '.then((made) => (running.delete(recordKey), made))',
    tests: IDEMPOTENCY,
  },
  {
    name: 'The token of a lost answer is not looked for',
    file: FILE,
    find: 'const made = record && lookalikes.find(({ id }) => !record.lookalikes.includes(id));',
    replace: 'const made = undefined;',
    tests: IDEMPOTENCY,
  },
  {
    name: 'An equal token that was there before is taken for the new one',
    file: FILE,
    find: '.find(({ id }) => !record.lookalikes.includes(id))',
    replace: '[0]',
    tests: IDEMPOTENCY,
  },
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
    name: 'A key stays taken after a refusal',
    file: FILE,
    find: 'await store.delete(recordKey).catch(() => undefined);',
    replace: '{}',
    tests: IDEMPOTENCY,
  },
  {
    name: 'A token that was deleted since is made again',
    file: FILE,
    find: 'return token ? { token } : deletedSince;',
    replace: 'if (token) return { token };',
    tests: IDEMPOTENCY,
  },
  {
    name: 'A create that cannot be recorded is sent all the same',
    file: FILE,
    find: "throw new UpstreamError('saturated', 'the create could not be recorded', { requestSent: false, cause });",
    replace: 'return undefined;',
    tests: UNIT,
  },
];
