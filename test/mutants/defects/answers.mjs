const DTO = ['test/unit/upstream/dto.test.ts'];
const KEYS = ['test/unit/tokens/public-key.test.ts'];
const ID = ['test/unit/upstream/id.test.ts'];

/** What the API answered, and what callers send it to keep. */
export const answers = [
  {
    name: 'A token with another id passes for the one that was asked for',
    file: 'src/upstream/parse-response.ts',
    find: 'if (id !== undefined && value.id !== id)',
    replace: "if (id === '')",
    tests: DTO,
  },
  {
    name: 'A broken item of a list fails the whole page',
    file: 'src/upstream/parse-response.ts',
    find: 'return { id: item.id, broken: invalid(problem) };',
    replace: 'throw invalid(problem);',
    tests: DTO,
  },
  {
    name: 'A new member in an answer makes it invalid',
    file: 'src/upstream/parse-response.ts',
    find: '    additionalProperties: _closed,\n',
    replace: '',
    tests: DTO,
  },
  {
    name: 'A new enum value in an answer makes it invalid',
    file: 'src/upstream/parse-response.ts',
    find: '    enum: _enum,\n',
    replace: '',
    tests: DTO,
  },
  {
    name: 'An id may climb the path by two dots',
    file: 'src/upstream/token-id.ts',
    find: " && !id.includes('..')",
    replace: '',
    tests: ID,
  },
  {
    name: 'An id may end in anything',
    file: 'src/upstream/token-id.ts',
    find: '{0,127}$/',
    replace: '{0,127}/',
    tests: ID,
  },
  {
    name: 'A key for another algorithm is sent on',
    file: 'src/tokens/validate-jwk.ts',
    find: "if (key.alg !== signingAlgorithm) return at('alg', 'It must be the same as `signingAlgorithm`.');",
    replace: '',
    tests: KEYS,
  },
  {
    name: 'The type of a key is not compared with its algorithm',
    file: 'src/tokens/validate-jwk.ts',
    find: 'if (key.kty !== requirement.kty)',
    replace: 'if (!key.kty)',
    tests: KEYS,
  },
  {
    name: 'The curve of a key is not compared with its algorithm',
    file: 'src/tokens/validate-jwk.ts',
    find: 'if (key.crv !== requirement.crv && requirement.crv)',
    replace: 'if (!key.crv && requirement.crv)',
    tests: KEYS,
  },
  {
    name: 'A key for encryption is taken',
    file: 'src/tokens/validate-jwk.ts',
    find: "if (key.use !== 'sig')",
    replace: 'if (!key.use)',
    tests: KEYS,
  },
  {
    name: 'Two keys of one set may have the same kid',
    file: 'src/tokens/validate-jwk.ts',
    find: 'kids.add(key.kid);',
    replace: '',
    tests: KEYS,
  },
];
