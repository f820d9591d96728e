const PASS_THROUGH = ['test/unit/auth/pass-through.test.ts'];
const ISOLATION = ['test/gateway/isolation.test.ts'];

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
    name: 'Of two Authorization headers the first is taken',
    file: 'src/graphql/context.ts',
    find: 'joined === undefined ? rawHeaders[at + 1] :',
    replace: 'joined === undefined || joined ? (joined ?? rawHeaders[at + 1]) :',
    tests: ISOLATION,
    only: 'Without a credential',
  },
  {
    name: 'All requests share the loaders of the first',
    file: 'src/graphql/context.ts',
    find: 'loaders: createLoaders(client, scope, listFirst), ...common };\n}',
    replace:
      'loaders: (shared ??= createLoaders(client, scope, listFirst)), ...common };\n}\nlet shared: Loaders | undefined;',
    tests: ['test/gateway/batching.test.ts'],
    only: 'Two callers',
  },
  {
    name: 'All headers of the caller go upstream',
    file: 'src/graphql/context.ts',
    find: "{ traceparent, tracestate }: IncomingHttpHeaders): Record<string, string> {\n  const headers: Record<string, string> = { 'x-request-id': id };",
    replace:
      "{ traceparent, tracestate, host, connection, ...rest }: IncomingHttpHeaders): Record<string, string> {\n  const headers = { ...rest, 'x-request-id': id } as Record<string, string>;",
    tests: ISOLATION,
    only: 'of its headers',
  },
  {
    name: 'Any text goes upstream as trace context',
    file: 'src/graphql/context.ts',
    find: ' || !TRACEPARENT.test(traceparent)',
    replace: '',
    tests: ISOLATION,
    only: 'trace',
  },
  {
    name: 'A trace state of any length goes upstream',
    file: 'src/graphql/context.ts',
    find: ' && tracestate.length <= 512',
    replace: '',
    tests: ISOLATION,
    only: 'trace',
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
