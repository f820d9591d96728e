const SHARING = ['test/gateway/sharing.test.ts'];
const EXECUTORS = ['test/gateway/executors.test.ts'];

/** What requests have in common while they are under way. */
export const sharing = [
  {
    name: 'Whole operations are shared between callers',
    file: 'src/graphql/handler.ts',
    find: `caller.credential.identity,\n      \`\${caller.principal} \${caller.mayRead} \${key}\``,
    replace: "'',\n      key",
    tests: SHARING,
  },
  {
    name: 'The first client that leaves ends the work of all',
    file: 'src/upstream/single-flight.ts',
    find: 'if (waiters.length === 0) cancel();',
    replace: 'cancel();',
    tests: SHARING,
  },
  {
    name: 'Work goes on when everybody has left',
    file: 'src/upstream/single-flight.ts',
    find: 'if (waiters.length === 0) cancel();',
    replace: '',
    tests: SHARING,
  },
  {
    name: 'A mutation that is sent twice is done once',
    file: 'src/graphql/pipeline/coalesce.ts',
    find: '/mutation|',
    replace: '/',
    tests: SHARING,
  },
  {
    name: 'A mutation with an escaped keyword is taken for a query',
    file: 'src/graphql/pipeline/coalesce.ts',
    find: 'persistedQuery|documentId|doc_id|\\\\u/',
    replace: 'persistedQuery|documentId|doc_id/',
    tests: SHARING,
  },
  {
    name: 'A mutation that is sent by its hash is taken for a query',
    file: 'src/graphql/pipeline/coalesce.ts',
    find: '|persistedQuery|',
    replace: '|',
    tests: SHARING,
  },
  {
    name: 'The media type of an answer is the one that another request asked for',
    file: 'src/graphql/pipeline/coalesce.ts',
    find: `undefined : \`\${text} \${accept}\`;`,
    replace: 'undefined : text;',
    tests: SHARING,
  },
  {
    name: 'What is skipped is selected all the same',
    file: 'src/graphql/pipeline/apply-skip-include.ts',
    find: "return directive.name.value === 'include' ? condition === true : condition !== true;",
    replace: 'return condition !== undefined;',
    tests: EXECUTORS,
  },
  {
    name: 'What was compiled for other conditions is taken',
    file: 'src/graphql/pipeline/executor.ts',
    find: '...conditions.map((name) => variables[name] === true)',
    replace: '',
    tests: EXECUTORS,
  },
];
