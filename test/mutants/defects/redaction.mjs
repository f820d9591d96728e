const REDACTION = ['test/gateway/redaction.test.ts'];
const ERRORS = ['test/unit/errors.test.ts'];

/** What clients are told of a failure, and what they must never be told. */
export const redaction = [
  {
    name: 'Unknown members of rejected variables are echoed',
    file: 'src/graphql/pipeline/coerce-input.ts',
    find: 'has a member that',
    replace: 'has a member $' + '{member} that',
    tests: REDACTION,
  },
  {
    name: 'The list of private members of a key lacks one',
    file: 'src/graphql/pipeline/coerce-input.ts',
    find: "'qi', 'oth', 'k'",
    replace: "'qi', 'k'",
    tests: REDACTION,
  },
  {
    name: 'Both kinds of key information may be sent at once',
    file: 'schema/mutation.graphql',
    find: 'input PublicKeyInfoInput @oneOf {',
    replace: 'input PublicKeyInfoInput {',
    tests: REDACTION,
  },
  {
    name: 'The text at a syntax error is echoed',
    file: 'src/graphql/mask-error.ts',
    find: 'return withoutLexeme(message);',
    replace: 'return message;',
    tests: REDACTION,
    only: 'in the document',
  },
  {
    name: 'An operation name that does not exist is echoed',
    file: 'src/graphql/mask-error.ts',
    find: "return 'The document has no such operation, or several and no `operationName` says which one to run.';",
    replace: 'return message;',
    tests: REDACTION,
    only: 'an operation name',
  },
  {
    name: 'The message of a bug is told',
    file: 'src/graphql/mask-error.ts',
    find: "return 'Internal server error';",
    replace: 'return message;',
    tests: ERRORS,
  },
  {
    name: 'The message of a failed call is told',
    file: 'src/errors.ts',
    find: 'return fail(failureOf(error), describe(error));',
    replace: 'return fail({ ...failureOf(error), message: error.message }, describe(error));',
    tests: ERRORS,
  },
  {
    name: 'The trace id for support is left out',
    file: 'src/errors.ts',
    find: '    ...(traceId === undefined ? {} : { traceId }),\n',
    replace: '',
    tests: ERRORS,
  },
  {
    name: 'A write of unknown outcome does not say so',
    file: 'src/errors.ts',
    find: 'mayHaveSucceeded(error) ? { mayHaveSucceeded: true } : {}',
    replace: '{}',
    tests: ERRORS,
  },
  {
    name: 'A token that does not exist is an error',
    file: 'src/tokens/loaders.ts',
    find: 'error.status === 404 ? null : error',
    replace: 'error',
    tests: ['test/gateway/reads.test.ts'],
    only: 'that is not there',
  },
];
