const TESTS = ['test/gateway/trusted-documents.test.ts'];

/** Which documents may run. */
export const documents = [
  {
    name: 'A manifest that cannot be used takes the place of the one before',
    file: 'src/graphql/trusted-documents.ts',
    find: "const next = parseManifest(readFileSync(file, 'utf8'));",
    replace: "current = createLookup(new Map()); const next = parseManifest(readFileSync(file, 'utf8'));",
    tests: TESTS,
  },
];
