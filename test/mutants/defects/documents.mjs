const TESTS = ['test/gateway/trusted-documents.test.ts'];

/** Which documents may run. */
export const documents = [
  {
    name: 'A document that is not in the manifest runs',
    file: 'src/graphql/pipeline/trusted-documents.ts',
    find: "if (!has(request.query)) return 'OPERATION_NOT_TRUSTED';",
    replace: '',
    tests: TESTS,
  },
  {
    name: 'Any document runs with the id of a trusted one',
    file: 'src/graphql/pipeline/trusted-documents.ts',
    find: 'if (request.query !== undefined) {',
    replace: 'if (request.query !== undefined && readId(request) === undefined) {',
    tests: TESTS,
  },
  {
    name: 'What is refused runs all the same',
    file: 'src/graphql/pipeline/trusted-documents.ts',
    find: 'throw REFUSALS[code]?.();',
    replace: '',
    tests: TESTS,
  },
  {
    name: 'A manifest that cannot be used takes the place of the one before',
    file: 'src/graphql/trusted-documents.ts',
    find: "const next = parseManifest(readFileSync(file, 'utf8'));",
    replace: "current = createLookup(new Map()); const next = parseManifest(readFileSync(file, 'utf8'));",
    tests: TESTS,
  },
  {
    name: 'Who asks for an explanation gets that of another, or none',
    file: 'src/graphql/handler.ts',
    find: 'refusal || asked.isExplained ?',
    replace: 'refusal ?',
    tests: ['test/gateway/explain.test.ts'],
  },
  {
    name: 'A mutation that is sent by its id is taken for a query',
    file: 'src/graphql/pipeline/coalesce.ts',
    find: '|documentId|doc_id|',
    replace: '|',
    tests: TESTS,
  },
];
