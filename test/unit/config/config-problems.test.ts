import { describe, expect, it } from '@jest/globals';
import { variables } from '../../../src/config/config.ts';
import { PAT, PEM, problemsOf, read, URL_ONLY } from '../../support/config.ts';

describe('What is wrong is said in one line each', () => {
  const url = 'an http or https URL without credentials, query and fragment';

  const refused: [env: Record<string, string | undefined>, problem: string][] = [
    [{}, 'API_GATEWAY_URL is required, or EMULATOR=true'],
    [
      { ...URL_ONLY, EMULATOR: 'true' },
      'API_GATEWAY_URL and EMULATOR=true exclude each other: leave one of them out',
    ],
    [
      { API_GATEWAY_URL: 'apse1.api.affinidi.io' },
      `Expected API_GATEWAY_URL to be ${url}, got "apse1.api.affinidi.io"`,
    ],
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
      { API_GATEWAY_URL: 'http://api.example.com' },
      'Expected API_GATEWAY_URL to be an https URL: plain http needs a loopback host or ALLOW_INSECURE_UPSTREAM=true',
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
      'Expected ADMIN_PORT to be another port than PORT, got 4000 for both',
    ],
    [{ ...URL_ONLY, HOST: 'http://x' }, 'Expected HOST to be a host name or an IP address, got "http://x"'],
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
      { ...URL_ONLY, REDIS_URL: 'http://:CANARY@cache' },
      'Expected REDIS_URL to be a redis or rediss URL, got "…"',
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
      'Expected TOKEN_ID to be at most 256 characters without blanks and quotation marks, got "\\"quoted\\""',
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
      'Expected PRIVATE_KEY_FILE to name a file that this process can read',
    ],
    [
      { ...PAT, PRIVATE_KEY: undefined, PRIVATE_KEY_FILE: '/keys/encrypted.pem' },
      'PASSPHRASE is required: the key of PRIVATE_KEY_FILE is encrypted',
    ],
    [
      { ...PAT, HOST: '0.0.0.0' },
      'CALLER_AUTH is required with AUTH_MODE=pat on HOST=0.0.0.0: whoever reaches it could use the token',
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
  ];

  it.each(refused.map(([env, problem]) => [problem, env] as const))('%s', (problem, env) => {
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
  ])('CORS_ORIGINS=%s is refused', (CORS_ORIGINS) => {
    expect(problemsOf({ ...URL_ONLY, CORS_ORIGINS })).toEqual([
      `Expected CORS_ORIGINS to be ${variables.CORS_ORIGINS.expected}, got ${JSON.stringify(CORS_ORIGINS)}`,
    ]);
  });

  it('and all at once', () => {
    expect(problemsOf({ AUTH_MODE: 'pat', CALLER_AUTH: 'jwt', PORT: 'x', MAX_DEPHT: '3' })).toEqual([
      'MAX_DEPHT is not a variable of this gateway. Did you mean MAX_DEPTH?',
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

describe('Names of headers', () => {
  it.each(['*', 'x y', 'x:', 'ü', ',', 'x-a,,x-b', 'x/y', '"x"'])(
    'CORS_HEADERS=%s is refused',
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

describe('A network that would not be matched is refused', () => {
  it.each(['10.0.0.0/33', '010.0.0.1', '01.2.3.4', '1.2.3', '::1/129', 'proxy', 'fe80::1%eth0'])(
    '%s',
    (TRUSTED_PROXIES) => {
      expect(problemsOf({ ...URL_ONLY, TRUSTED_PROXIES })).toHaveLength(1);
    },
  );
});

describe('A typo in a name does not pass for silence', () => {
  it.each([
    ['AUTHMODE', 'AUTH_MODE'],
    ['API_GATEWAY_URI', 'API_GATEWAY_URL'],
    ['API_GATEWAY_ULR', 'API_GATEWAY_URL'],
    ['api_gateway_url', 'API_GATEWAY_URL'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['MAX_ALIAS', 'MAX_ALIASES'],
    ['PRIVATEKEY', 'PRIVATE_KEY'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['PORTT', 'PORT'],
    ['PORTS', 'PORT'],
    ['PROT', 'PORT'],
    ['HOSTT', 'HOST'],
    ['RATE_LIMIT', 'RATE_LIMIT_PER_SECOND'],
    ['RATE_LIMITS', 'RATE_LIMIT_PER_SECOND'],
    ['RATE_LIMIT_PER_MINUTE', 'RATE_LIMIT_PER_SECOND'],
    ['RATELIMIT_BURST', 'RATE_LIMIT_BURST'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['TRUST_PROXY', 'TRUSTED_PROXIES'],
    ['TRUSTED_DOCUMENT', 'TRUSTED_DOCUMENTS'],
    ['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT_MS'],
    ['REQUEST_TIMEOUT_SECONDS', 'REQUEST_TIMEOUT_MS'],
    ['DRAIN_TIMEOUT', 'DRAIN_TIMEOUT_MS'],
    ['API_URL', 'API_GATEWAY_URL'],
    ['GATEWAY_URL', 'API_GATEWAY_URL'],
    ['API_GATEWAY', 'API_GATEWAY_URL'],
    ['INTROSPECT', 'INTROSPECTION'],
    ['ENABLE_INTROSPECTION', 'INTROSPECTION'],
    ['APQ_ENABLED', 'APQ'],
    ['EXPLORE', 'EXPLORER'],
    ['CORS_ALLOWED_ORIGINS', 'CORS_ORIGINS'],
    ['CORS_HEADER', 'CORS_HEADERS'],
    ['CALLER_AUTHENTICATION', 'CALLER_AUTH'],
    ['CALLERS_AUTH', 'CALLER_AUTH'],
    ['CALLER_JWT_AUD', 'CALLER_JWT_AUDIENCE'],
    ['JWT_ISSUER', 'CALLER_JWT_ISSUER'],
    ['JWKS_URL', 'CALLER_JWKS_URL'],
    ['CALLER_API_KEYS', 'CALLER_API_KEYS_FILE'],
    ['AUTH_MODES', 'AUTH_MODE'],
    ['PRIVATE_KEY_PATH', 'PRIVATE_KEY_FILE'],
    ['PASS_PHRASE', 'PASSPHRASE'],
    ['REDIS_URI', 'REDIS_URL'],
    ['MAX_BODY', 'MAX_BODY_BYTES'],
    ['MAX_BODY_SIZE', 'MAX_BODY_BYTES'],
    ['MAXIMUM_DEPTH', 'MAX_DEPTH'],
    ['MAX_QUERY_DEPTH', 'MAX_DEPTH'],
    ['MAX_INFLIGHT', 'MAX_IN_FLIGHT'],
    ['ALLOW_INSECURE', 'ALLOW_INSECURE_UPSTREAM'],
    ['UPSTREAM_RETRY', 'UPSTREAM_RETRIES'],
    ['WORKER_COUNT', 'WORKERS'],
    ['KEEPALIVE_TIMEOUT_MS', 'KEEP_ALIVE_TIMEOUT_MS'],
    ['TOKEN_ENDPOINT_URL', 'TOKEN_ENDPOINT'],
  ])('%s: did you mean %s?', (name, meant) => {
    expect(problemsOf({ ...URL_ONLY, [name]: 'CANARY' })).toEqual([
      `${name} is not a variable of this gateway. Did you mean ${meant}?`,
    ]);
  });

  it('the variables of other programs are left alone', () => {
    const others =
      'PATH HOME HOSTNAME HOSTTYPE SHELL NODE_ENV PORT_80_TCP TOKENS_GATEWAY_PORT EXPORT EDITOR DEV_ID TENANT_ID API_KEY ' +
      'AWS_PROJECT_ID OTEL_SERVICE_NAME NODE_EXTRA_CA_CERTS npm_config_cache npm_lifecycle_event ' +
      'TOKENS_GATEWAY_SERVICE_HOST TOKENS_GATEWAY_PORT_4000_TCP_ADDR KUBERNETES_SERVICE_HOST KUBERNETES_PORT ' +
      'REDIS_HOST REDIS_PORT REDIS_SERVICE_HOST REDIS_PASSWORD API_TOKEN API_KEYS API_HOST AWS_REGION ' +
      'AWS_ACCESS_KEY_ID AWS_WEB_IDENTITY_TOKEN_FILE GOOGLE_APPLICATION_CREDENTIALS OTEL_EXPORTER_OTLP_HEADERS ' +
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL OTEL_METRICS_EXPORTER OTEL_TRACES_SAMPLER OTEL_RESOURCE_ATTRIBUTES CI ' +
      'GITHUB_TOKEN CI_PROJECT_ID CI_JOB_TOKEN DATABASE_URL DB_HOST HTTP_PROXY HTTPS_PROXY NO_PROXY SENTRY_DSN DEBUG ' +
      'LOG_FILE MAX_TOKENS MAX_CONNECTIONS MAX_RETRIES MAX_FILES JWT_SECRET SECRET_KEY TOKEN TOKEN_SECRET TOKEN_URL ' +
      'VAULT_TOKEN GHOST SPORT IMPORT HOT POST APP_PORT SERVER_PORT SERVER_HOST HTTP_PORT HOST_IP HOST_NAME POD_IP ' +
      'NODE_NAME ADMIN_EMAIL ADMIN_PASSWORD AUTH_TOKEN AUTH_SECRET AUTH_URL PROJECT PROJECT_NAME SSL_KEY_FILE ' +
      'SSL_CERT_FILE WEB_CONCURRENCY MEMORY_LIMIT RATE TERM LANG LC_ALL TZ USER PWD COMPOSE_PROJECT_NAME CLIENT_ID';
    const env = Object.fromEntries(others.split(' ').map((name) => [name, 'x']));
    expect(problemsOf({ ...URL_ONLY, ...env, FEDERATION: 'false', MAX_DEPHT: '' })).toEqual([]);
  });
});
