const SHARING = ['test/gateway/sharing.test.ts'];
const EXECUTORS = ['test/gateway/executors.test.ts'];

/** What requests have in common while they are under way. */
export const sharing = [
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
