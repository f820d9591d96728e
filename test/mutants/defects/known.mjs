const FILE = 'src/graphql/pipeline/prepared-operations.ts';
const TESTS = ['test/gateway/known-operations.test.ts'];

/** What is left to be checked of an operation that ran before, and how it is answered. */
export const known = [
  {
    name: 'Variables of a known operation may be nested without end',
    file: FILE,
    find: 'if (checkVariables(given, limits)) return undefined;',
    replace: '',
    tests: TESTS,
  },
  {
    name: 'A known mutation may be run by a caller who may only read',
    file: FILE,
    find: "known.operation.operation === 'mutation'",
    replace: 'false',
    tests: ['test/gateway/pat.test.ts'],
  },
  {
    name: 'A known operation runs with variables that do not fit it',
    file: FILE,
    find: 'problems.length > 0 || checkCost',
    replace: 'checkCost',
    tests: TESTS,
  },
  {
    name: 'A known operation may cost as much as its variables make it',
    file: FILE,
    find: '|| checkCost(cost, limits) ?',
    replace: '?',
    tests: TESTS,
  },
  {
    name: 'A known operation takes nothing from the quota',
    file: FILE,
    find: 'if (charged instanceof Promise ? await charged : charged) return undefined;',
    replace: 'void charged;',
    tests: TESTS,
  },
  {
    name: 'Of a document with several operations the first known one is run',
    file: FILE,
    find: '.get(body.operationName ?? undefined)',
    replace: '.values().next().value',
    tests: TESTS,
  },
  {
    name: 'A document that is trusted no more runs because it is known',
    file: 'src/graphql/pipeline/trusted-documents.ts',
    find: 'return !documents || documents.has(query) ? query : undefined;',
    replace: 'return query;',
    tests: ['test/gateway/trusted-documents.test.ts'],
  },
  {
    name: 'Every client is answered in the media type of the first',
    file: 'src/graphql/apollo/http.ts',
    find: "byAccept.get(headers.accept ?? '')",
    replace: 'byAccept.values().next().value',
    tests: TESTS,
  },
];
