import { describe, expect, it } from '@jest/globals';
import { variables } from '../../../src/config/variables.ts';
import { DAMAGED_PEM, ENCRYPTED_PEM, PAT, PEM, problemsOf, read, URL_ONLY } from '../../support/config.ts';

describe('What is wrong is said in one line each', () => {
  const url = 'an http or https URL without credentials, query, fragment and port 0';
  const JWT = { ...PAT, CALLER_AUTH: 'jwt', CALLER_JWT_ISSUER: 'i', CALLER_JWT_AUDIENCE: 'a' };

  const rejected: [env: Record<string, string | undefined>, problem: string][] = [
    [{}, 'API_GATEWAY_URL is required, or EMULATOR=true'],
    [
      { ...URL_ONLY, EMULATOR: 'true' },
      'API_GATEWAY_URL and EMULATOR=true cannot be used together: remove one of them',
    ],
    [
      { API_GATEWAY_URL: 'apse1.api.affinidi.io' },
      `Expected API_GATEWAY_URL to be ${url}, got "apse1.api.affinidi.io"`,
    ],
    [
      { API_GATEWAY_URL: 'https://a.example,https://b.example' },
      `Expected API_GATEWAY_URL to be ${url}, got "https://a.example,https://b.example"`,
    ],
    [
      { API_GATEWAY_URL: 'https://a..example' },
      `Expected API_GATEWAY_URL to be ${url}, got "https://a..example"`,
    ],
    [
      { API_GATEWAY_URL: 'https://a.ex\nample' },
      `Expected API_GATEWAY_URL to be ${url}, got "https://a.ex\\nample"`,
    ],
    [{ API_GATEWAY_URL: 'http://[::1]:0' }, `Expected API_GATEWAY_URL to be ${url}, got "http://[::1]:0"`],
    [{ API_GATEWAY_URL: 'ftp://a.example' }, `Expected API_GATEWAY_URL to be ${url}, got "ftp://a.example"`],
    [
      { API_GATEWAY_URL: 'https://a.example/?k=CANARY' },
      `Expected API_GATEWAY_URL to be ${url}, got "https://a.example/…"`,
    ],
    [
      { API_GATEWAY_URL: 'https://a:CANARY@b.example' },
      `Expected API_GATEWAY_URL to be ${url}, got "…@b.example"`,
    ],
    [
      { ...URL_ONLY, PORT: 'rediss://user:CANARY@cache:6379/0' },
      'Expected PORT to be a whole number from 0 to 65535, got "…@cache:6379/0"',
    ],
    [
      { ...URL_ONLY, CORS_ORIGINS: 'https://user:CANARY@app.example.com' },
      `Expected CORS_ORIGINS to be ${variables.CORS_ORIGINS.expected}, got "…@app.example.com"`,
    ],
    [
      { API_GATEWAY_URL: 'http://api.example.com' },
      'Expected API_GATEWAY_URL to be an https URL: plain http needs a loopback host or ALLOW_INSECURE_UPSTREAM=true',
    ],
    [
      { ...URL_ONLY, HOST: '0.0.0.0', ADMIN_PORT: '4000' },
      'Expected ADMIN_PORT and PORT to be different ports, got 4000 for both',
    ],
    [
      { ...URL_ONLY, HOST: 'localhost', ADMIN_PORT: '4000' },
      'Expected ADMIN_PORT and PORT to be different ports, got 4000 for both',
    ],
    ...[
      ['127.1', '127.0.0.1'],
      ['LOCALHOST', '127.0.0.1'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['0', '10.0.0.1'],
      ['0::0', '::1'],
    ].map(([HOST, ADMIN_HOST]): [Record<string, string | undefined>, string] => [
      { ...URL_ONLY, HOST, ADMIN_HOST, ADMIN_PORT: '4000' },
      'Expected ADMIN_PORT and PORT to be different ports, got 4000 for both',
    ]),
    [
      { ...URL_ONLY, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      'NODE_TLS_REJECT_UNAUTHORIZED=0 lets any server stand in for API_GATEWAY_URL: it needs a loopback host or ALLOW_INSECURE_UPSTREAM=true. For your own certificate authority set NODE_EXTRA_CA_CERTS instead',
    ],
    [
      { ...URL_ONLY, NODE_EXTRA_CA_CERTS: '/keys/missing' },
      'Expected NODE_EXTRA_CA_CERTS to name a file that this process can read, got ENOENT',
    ],
    [
      { ...URL_ONLY, NODE_EXTRA_CA_CERTS: '/keys/pat.pem' },
      'Expected NODE_EXTRA_CA_CERTS to name a file of certificates in PEM form',
    ],
    [
      { ...URL_ONLY, NODE_EXTRA_CA_CERTS: '/keys/damaged-authority.pem' },
      'Expected NODE_EXTRA_CA_CERTS to name a file of certificates in PEM form',
    ],
    [
      { ...URL_ONLY, NODE_EXTRA_CA_CERTS: '/keys/authorities.pem\r' },
      'Expected NODE_EXTRA_CA_CERTS to name a file that this process can read, got ENOENT',
    ],
    [{ ...URL_ONLY, PORT: 'http' }, 'Expected PORT to be a whole number from 0 to 65535, got "http"'],
    [{ ...URL_ONLY, PORT: '65536' }, 'Expected PORT to be a whole number from 0 to 65535, got "65536"'],
    [{ ...URL_ONLY, PORT: '-1' }, 'Expected PORT to be a whole number from 0 to 65535, got "-1"'],
    [{ ...URL_ONLY, PORT: '4e3' }, 'Expected PORT to be a whole number from 0 to 65535, got "4e3"'],
    [
      { ...URL_ONLY, REQUEST_DEADLINE_MS: '0' },
      'Expected REQUEST_DEADLINE_MS to be a whole number from 1 to 600000, got "0"',
    ],
    [{ ...URL_ONLY, MAX_DEPTH: 'abc' }, 'Expected MAX_DEPTH to be a whole number from 1 to 100, got "abc"'],
    [{ ...URL_ONLY, MAX_DEPTH: '1.5' }, 'Expected MAX_DEPTH to be a whole number from 1 to 100, got "1.5"'],
    [
      { ...URL_ONLY, HEADERS_TIMEOUT_MS: '20000' },
      'Expected HEADERS_TIMEOUT_MS to be at most REQUEST_TIMEOUT_MS, which includes it',
    ],
    [
      { ...URL_ONLY, ADMIN_PORT: '4000' },
      'Expected ADMIN_PORT and PORT to be different ports, got 4000 for both',
    ],
    [{ ...URL_ONLY, HOST: 'http://x' }, 'Expected HOST to be a host name or an IP address, got "http://x"'],
    [
      { ...URL_ONLY, EMULATOR_HOST: '::1%lo' },
      'Expected EMULATOR_HOST to be a host name or an IP address without a zone, got "::1%lo"',
    ],
    [{ ...URL_ONLY, APQ: 'yes' }, 'Expected APQ to be "true" or "false", got "yes"'],
    [{ ...URL_ONLY, APQ: 'constructor' }, 'Expected APQ to be "true" or "false", got "constructor"'],
    [
      { ...URL_ONLY, AUTH_MODE: 'passthrough' },
      'Expected AUTH_MODE to be "pass-through", "pat", got "passthrough"',
    ],
    [
      { ...URL_ONLY, LOG_LEVEL: `loud${'!'.repeat(100)}` },
      `Expected LOG_LEVEL to be "fatal", "error", "warn", "info", "debug", "trace", "silent", got "loud${'!'.repeat(36)}…"`,
    ],
    [{ ...URL_ONLY, CALLER_AUTH: 'jwt' }, 'CALLER_AUTH=jwt needs AUTH_MODE=pat'],
    [
      { ...URL_ONLY, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' },
      'Expected OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to be "http/protobuf", got "grpc"',
    ],
    [
      { ...URL_ONLY, REDIS_URL: 'http://:CANARY@cache' },
      'Expected REDIS_URL to be a redis or rediss URL such as rediss://user:password@host:6379/0, without quotation marks, and with % for reserved characters of the password, got "…"',
    ],
    [
      { ...URL_ONLY, TRUSTED_DOCUMENTS_MODE: 'log' },
      'TRUSTED_DOCUMENTS is required by TRUSTED_DOCUMENTS_MODE',
    ],
    [{ ...PAT, TOKEN_ID: undefined }, 'TOKEN_ID is required by AUTH_MODE=pat'],
    [{ ...PAT, TOKEN_ENDPOINT: undefined }, 'TOKEN_ENDPOINT is required by AUTH_MODE=pat'],
    [{ ...PAT, PROJECT_ID: '' }, 'PROJECT_ID is required by AUTH_MODE=pat, unless PAT_CREDENTIAL=user'],
    [
      { ...PAT, TOKEN_ID: '"quoted"' },
      'Expected TOKEN_ID to be at most 256 characters without blanks and quotation marks, got "…"',
    ],
    [
      { ...PAT, TOKEN_ID: 'correct horse battery staple' },
      'Expected TOKEN_ID to be at most 256 characters without blanks and quotation marks, got "…"',
    ],
    [
      { ...PAT, CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: '"/keys/callers"' },
      'Expected CALLER_API_KEYS_FILE to be text without quotation marks around it, got "…"',
    ],
    [
      {
        ...PAT,
        CALLER_AUTH: 'jwt',
        CALLER_JWKS_URL: 'https://idp.example.com/keys',
        CALLER_JWT_ISSUER: "'https://idp.example.com/'",
        CALLER_JWT_AUDIENCE: 'tokens-gateway',
      },
      'Expected CALLER_JWT_ISSUER to be text without quotation marks around it, got "…"',
    ],
    [
      { ...JWT, CALLER_JWKS_URL: 'https://u:CANARY@id.example.com/keys?p=a' },
      'Expected CALLER_JWKS_URL to be an http or https URL without credentials, fragment and port 0, got "…@id.example.com/keys…"',
    ],
    [
      { ...JWT, CALLER_JWKS_URL: 'https://id.example.com/keys?p=CANARY#b' },
      'Expected CALLER_JWKS_URL to be an http or https URL without credentials, fragment and port 0, got "https://id.example.com/keys…"',
    ],
    [
      { ...PAT, KEY_ID: PEM },
      'Expected KEY_ID to be at most 256 characters without blanks and quotation marks, got a private key',
    ],
    [
      { ...PAT, TOKEN_ENDPOINT: 'http://auth.example.com/token' },
      'Expected TOKEN_ENDPOINT to be an https URL: plain http needs a loopback host or ALLOW_INSECURE_UPSTREAM=true',
    ],
    [
      { ...PAT, PRIVATE_KEY: undefined },
      'Exactly one of PRIVATE_KEY and PRIVATE_KEY_FILE is required by AUTH_MODE=pat',
    ],
    [
      { ...PAT, PRIVATE_KEY_FILE: '/keys/pat.pem' },
      'Exactly one of PRIVATE_KEY and PRIVATE_KEY_FILE is required by AUTH_MODE=pat',
    ],
    [
      { ...PAT, PRIVATE_KEY: 'CANARY' },
      'Expected PRIVATE_KEY to hold a private key in PEM form; newlines may be written \\n',
    ],
    [
      { ...PAT, PRIVATE_KEY: PEM.replaceAll('PRIVATE', 'PUBLIC') },
      'Expected PRIVATE_KEY to hold a private key in PEM form; newlines may be written \\n',
    ],
    [
      { ...PAT, PRIVATE_KEY: undefined, PRIVATE_KEY_FILE: '/keys/not-a-key' },
      'Expected PRIVATE_KEY_FILE to hold a private key in PEM form; newlines may be written \\n',
    ],
    [
      { ...PAT, PRIVATE_KEY: undefined, PRIVATE_KEY_FILE: '/keys/missing' },
      'Expected PRIVATE_KEY_FILE to name a file that this process can read, got ENOENT',
    ],
    [
      { ...PAT, PRIVATE_KEY: undefined, PRIVATE_KEY_FILE: '/keys/encrypted.pem' },
      'PASSPHRASE is required: the key of PRIVATE_KEY_FILE is encrypted',
    ],
    [
      { ...PAT, HOST: '0.0.0.0' },
      'CALLER_AUTH is required with AUTH_MODE=pat on HOST=0.0.0.0: otherwise any client could use the token',
    ],
    [
      { ...PAT, HOST: '0.0.0.0', CALLER_AUTH: 'jtw' },
      'Expected CALLER_AUTH to be "none", "jwt", "api-key", got "jtw"',
    ],
    [{ ...PAT, CALLER_AUTH: 'api-key' }, 'CALLER_API_KEYS_FILE is required by CALLER_AUTH=api-key'],
    [
      { ...PAT, CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: '/keys/empty' },
      'Expected CALLER_API_KEYS_FILE to name a file that is not empty',
    ],
    [{ ...PAT, CALLER_API_KEYS_FILE: '/keys/callers' }, 'CALLER_API_KEYS_FILE needs CALLER_AUTH=api-key'],
    [{ ...PAT, CALLER_JWKS_URL: 'https://id.example.com/keys' }, 'CALLER_JWKS_URL needs CALLER_AUTH=jwt'],
    [
      { ...URL_ONLY, CALLER_API_KEYS_FILE: '/keys/callers' },
      'CALLER_API_KEYS_FILE needs CALLER_AUTH=api-key',
    ],
  ];

  it.each(rejected.map(([env, problem]) => [problem, env] as const))('%s', (problem, env) => {
    expect(problemsOf(env)).toEqual([problem]);
  });

  it.each([
    '*',
    'null',
    'https://a.example/',
    'https://a.example/path',
    'a.example',
    'https://A.example',
    ',',
  ])('CORS_ORIGINS=%s is rejected', (CORS_ORIGINS) => {
    expect(problemsOf({ ...URL_ONLY, CORS_ORIGINS })).toEqual([
      `Expected CORS_ORIGINS to be ${variables.CORS_ORIGINS.expected}, got ${JSON.stringify(CORS_ORIGINS)}`,
    ]);
  });

  it.each([
    [DAMAGED_PEM, 'Expected PRIVATE_KEY to be a whole private key in PEM form: it cannot be read.'],
    [ENCRYPTED_PEM, expect.stringContaining('Expected PASSPHRASE to open the private key')],
  ])('a private key that cannot be used is reported with the others', (PRIVATE_KEY, problem) => {
    expect(problemsOf({ ...PAT, PRIVATE_KEY, PASSPHRASE: 'wrong', PORT: 'x' })).toEqual([
      'Expected PORT to be a whole number from 0 to 65535, got "x"',
      problem,
    ]);
  });

  it('and all problems at once', () => {
    expect(problemsOf({ AUTH_MODE: 'pat', CALLER_AUTH: 'jwt', PORT: 'x', MAX_DEPHT: '3' })).toEqual([
      'MAX_DEPHT is not a known variable. Did you mean MAX_DEPTH?',
      'Expected PORT to be a whole number from 0 to 65535, got "x"',
      'API_GATEWAY_URL is required, or EMULATOR=true',
      'TOKEN_ID is required by AUTH_MODE=pat',
      'TOKEN_ENDPOINT is required by AUTH_MODE=pat',
      'PROJECT_ID is required by AUTH_MODE=pat, unless PAT_CREDENTIAL=user',
      'Exactly one of PRIVATE_KEY and PRIVATE_KEY_FILE is required by AUTH_MODE=pat',
      'CALLER_JWKS_URL is required by CALLER_AUTH=jwt',
      'CALLER_JWT_ISSUER is required by CALLER_AUTH=jwt',
      'CALLER_JWT_AUDIENCE is required by CALLER_AUTH=jwt',
    ]);
  });
});

describe('Variables of Node.js are accepted', () => {
  it.each([
    { NODE_TLS_REJECT_UNAUTHORIZED: '1' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '0', ALLOW_INSECURE_UPSTREAM: 'true' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '0', API_GATEWAY_URL: 'https://127.0.0.1:8443' },
    { NODE_EXTRA_CA_CERTS: '/keys/authorities.pem' },
    { NODE_EXTRA_CA_CERTS: '/keys/authority.pem' },
  ])('%j', (env) => {
    expect(problemsOf({ ...URL_ONLY, ...env })).toEqual([]);
  });
});

describe('Names of headers', () => {
  it.each(['*', 'x y', 'x:', 'ü', ',', 'x-a,,x-b', 'x/y', '"x"'])(
    'CORS_HEADERS=%s is rejected',
    (CORS_HEADERS) => {
      expect(problemsOf({ ...URL_ONLY, CORS_HEADERS })).toEqual([
        `Expected CORS_HEADERS to be ${variables.CORS_HEADERS.expected}, got ${JSON.stringify(CORS_HEADERS)}`,
      ]);
    },
  );

  it('are the same in any case', () => {
    expect(read({ ...URL_ONLY, CORS_HEADERS: 'X-Tenant, x-b3' }).cors.headers).toEqual(['x-tenant', 'x-b3']);
  });
});

describe('A network that would not be matched is rejected', () => {
  it.each(['10.0.0.0/33', '010.0.0.1', '01.2.3.4', '1.2.3', '::1/129', 'proxy', 'fe80::1%eth0'])(
    '%s',
    (TRUSTED_PROXIES) => {
      expect(problemsOf({ ...URL_ONLY, TRUSTED_PROXIES })).toHaveLength(1);
    },
  );
});
