const PASS_THROUGH = ['test/unit/auth/pass-through.test.ts'];

/** Whose data a request sees, and what of a caller goes upstream. */
export const isolation = [
  {
    name: 'A principal is cut to twelve digits',
    file: 'src/auth/bearer.ts',
    find: "hash('sha256', text, 'hex');",
    replace: "hash('sha256', text, 'hex').slice(0, 12);",
    tests: PASS_THROUGH,
  },
  {
    name: 'Bearer in another case is part of the credential, so that one caller is two principals',
    file: 'src/auth/bearer.ts',
    find: '/^bearer +/i',
    replace: '/^Bearer +/',
    tests: PASS_THROUGH,
  },
  {
    name: 'Two credentials in one header are taken',
    file: 'src/auth/bearer.ts',
    find: '/^[\\x21-\\x7e]+$/.test(text)',
    replace: '/^[\\x20-\\x7e]+$/.test(text)',
    tests: PASS_THROUGH,
  },
  {
    name: 'A credential may be of any length',
    file: 'src/auth/bearer.ts',
    find: 'text.length <= MAX_CREDENTIAL_LENGTH && ',
    replace: '',
    tests: PASS_THROUGH,
  },
  {
    name: 'Any text is taken for a request id',
    file: 'src/http/app.ts',
    find: ' && /^[A-Za-z0-9_.:-]{1,128}$/.test(id)',
    replace: '',
    tests: ['test/gateway/http.test.ts'],
    only: 'Every answer',
  },
  {
    name: 'Whether a list pays is learned for all callers at once',
    file: 'src/tokens/list-prefetch.ts',
    find: 'const until = offUntil.get(identity);',
    replace: 'const [until] = offUntil.values();',
    tests: ['test/unit/tokens/list-first.test.ts'],
  },
];
