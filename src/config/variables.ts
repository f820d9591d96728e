import {
  addresses,
  choice,
  flag,
  headerNames,
  host,
  identifier,
  integer,
  origins,
  redisUrl,
  secret,
  text,
  url,
  urlHost,
  urlWithQuery,
  verbatim,
} from './variable-types.ts';

// The name of a field in `Config` is the name of its variable in camel case: `config.limits.maxDepth`,
// `config.http.drainTimeoutMs`, and without the prefix `config.upstream.retries` and `config.emulator.seed`.

/** Limits of one operation, of one caller and of the process. */
export const limitVariables = {
  MAX_DEPTH: integer('Depth of an operation, without introspection', 12, { min: 1, max: 100 }),
  MAX_ALIASES: integer('Aliases in an operation', 30, { max: 10_000 }),
  MAX_ROOT_FIELDS: integer('Root fields of an operation', 20, { min: 1, max: 1_000 }),
  MAX_FIELDS: integer('Fields in an operation', 300, { min: 1, max: 100_000 }),
  MAX_DIRECTIVES: integer('Directives in an operation', 50, { max: 10_000 }),
  MAX_OPERATIONS: integer('Operations in a document', 10, { min: 1, max: 1_000 }),
  MAX_VARIABLES: integer('Variables of an operation', 100, { max: 10_000 }),
  MAX_VARIABLE_VALUES: integer('Items and members in all variables, at any depth', 2_000, { max: 1_000_000 }),
  // The upper ends of these three keep graphql-js's parser within its stack.
  MAX_OPERATION_TOKENS: integer('Lexical tokens of a document; it may have twice as many lines', 1_000, {
    min: 1,
    max: 15_000,
  }),
  MAX_OPERATION_CHARS: integer('Characters of a document', 15_000, { min: 1, max: 1_000_000 }),
  MAX_BRACKET_DEPTH: integer('Depth of brackets in a document', 200, { min: 1, max: 500 }),
  MAX_FIELD_COST: integer(
    'Predicted number of fields in the response: each counts 1, times `first` of every list around it',
    50_000,
    { min: 1, max: 10_000_000 },
  ),
  MAX_UPSTREAM_CALLS: integer('Predicted upstream calls of an operation', 150, { min: 1, max: 10_000 }),
  MAX_BODY_BYTES: integer('Size of a request body', 262_144, { min: 1, max: 8_388_608 }),
  MAX_IN_FLIGHT: integer('Concurrent requests; 0 is no limit', 1_000, { max: 1_000_000 }),
  MAX_IN_FLIGHT_PER_PRINCIPAL: integer(
    'Concurrent requests per caller; each 2 MB of an unread response counts as one more; 0 is no limit',
    100,
    { max: 1_000_000 },
  ),
  RATE_LIMIT_PER_SECOND: integer('Requests per second and caller; 0 is no limit', 50, { max: 1_000_000 }),
  RATE_LIMIT_BURST: integer('Burst size per caller; 0 is the value of `RATE_LIMIT_PER_SECOND`', 100, {
    max: 1_000_000,
  }),
};

// A timeout above ten minutes is a mistake in the unit.
const ms = (meaning: string, fallback: number) => integer(meaning, fallback, { min: 1, max: 600_000 });

/** Times of requests and of client connections. */
export const httpVariables = {
  REQUEST_DEADLINE_MS: ms('Time for a GraphQL request, from its headers to its response', 10_000),
  DRAIN_TIMEOUT_MS: ms('Time for requests in flight to end after SIGTERM', 15_000),
  DRAIN_DELAY_MS: integer(
    'Part of `DRAIN_TIMEOUT_MS` in which connections are still accepted, until load balancers notice `/readyz`; at most half of it',
    250,
    { max: 60_000 },
  ),
  HEADERS_TIMEOUT_MS: ms('Time for a client to send its request headers', 10_000),
  REQUEST_TIMEOUT_MS: ms('Time for a client to send its whole request', 15_000),
  KEEP_ALIVE_TIMEOUT_MS: ms(
    "Idle client connections are closed after this; must be longer than the load balancer's",
    65_000,
  ),
};

/** Caches of documents and of compiled operations. */
export const executionVariables = {
  MAX_CACHED_DOCUMENTS: integer('Prepared operations in the LRU cache, of 150 tokens on average', 1000, {
    min: 1,
    max: 100_000,
  }),
  MAX_COMPILED_OPERATIONS: integer('Compiled operations in an LRU cache; 0 disables compilation', 500, {
    max: 100_000,
  }),
  COMPILE_AFTER: integer('Executions of an operation before it is compiled', 1, { max: 1_000_000 }),
};

// 0 asks the system for any free port.
const PORTS = { max: 65_535 };

/** Every variable that the gateway reads. The documentation's tables are checked against this one. */
export const variables = {
  PORT: integer('Port of the GraphQL listener; 0 takes any free one', 4000, PORTS),
  HOST: host('Address of the GraphQL listener', '127.0.0.1', '127.0.0.1 (0.0.0.0 in the image)'),
  ADMIN_PORT: integer('Port of the admin listener: `/metrics`, `/livez`, `/readyz`', undefined, PORTS),
  WORKERS: integer('Processes that share the port, one for each core', 1, { min: 1, max: 256 }),
  TRUSTED_PROXIES: addresses(
    'Addresses or networks of load balancers whose `X-Forwarded-For` names the client, separated by commas',
  ),
  ADMIN_HOST: host('Address of the admin listener', '127.0.0.1'),

  API_GATEWAY_URL: url(
    'The Affinidi API, for example `https://apse1.api.affinidi.io`; REST calls go to this + `/iam`',
    'required without EMULATOR=true',
  ),
  ALLOW_INSECURE_UPSTREAM: flag('Accept plain http or any TLS certificate of non-loopback hosts', false),
  NODE_TLS_REJECT_UNAUTHORIZED: text('`0` makes Node.js accept any TLS certificate'),
  NODE_EXTRA_CA_CERTS: verbatim('File of further certificate authorities as PEM, which Node.js reads'),
  EMULATOR: flag('Start the embedded IAM emulator and use it; not together with `API_GATEWAY_URL`', false),
  EMULATOR_PORT: integer('Port of the emulator; 0 takes any free one', 0, {
    ...PORTS,
    defaultText: '0 (4010 for npm run emulator)',
  }),
  EMULATOR_HOST: urlHost('Address of the emulator', '127.0.0.1'),
  EMULATOR_DATA_FILE: text("File that keeps the emulator's state across restarts"),
  EMULATOR_SEED: text(
    'Data of the emulator at its start: `demo` (120 tokens), `large` (10 000), `empty`, or a JSON file',
    'demo',
  ),

  AUTH_MODE: choice(
    "`pass-through`: the caller's own credential goes upstream; `pat`: the gateway signs in with a personal access token",
    ['pass-through', 'pat'],
    'pass-through',
  ),
  TOKEN_ENDPOINT: url(
    '`pat`: OAuth token endpoint at which the gateway signs in',
    "none (the emulator's with EMULATOR=true)",
  ),
  PROJECT_ID: identifier('`pat`: project that the credential is for; not needed for the `user` credential'),
  TOKEN_ID: identifier('`pat`: id of the personal access token'),
  KEY_ID: identifier('`pat`: `kid` with which the public key is registered', 'TOKEN_ID'),
  PRIVATE_KEY: secret('`pat`: private key as PEM, in which `\\n` may stand for a line break'),
  PRIVATE_KEY_FILE: text('`pat`: file with the private key, in place of `PRIVATE_KEY`'),
  PASSPHRASE: secret('`pat`: passphrase of an encrypted private key'),
  PAT_CREDENTIAL: choice(
    '`pat`: token that is sent upstream: the `project` scoped one, or the `user` access token of the sign-in',
    ['project', 'user'],
    'project',
  ),
  CALLER_AUTH: choice(
    '`pat`: how callers are authenticated; `none` starts only on a loopback `HOST`',
    ['none', 'jwt', 'api-key'],
    'none',
  ),
  CALLER_JWKS_URL: urlWithQuery("`CALLER_AUTH=jwt`: URL of the key set of the callers' tokens"),
  CALLER_JWT_ISSUER: text('`CALLER_AUTH=jwt`: required `iss`'),
  CALLER_JWT_AUDIENCE: text('`CALLER_AUTH=jwt`: required `aud`'),
  CALLER_API_KEYS_FILE: text(
    '`CALLER_AUTH=api-key`: file of lines `name:role:sha256hex`, role `read` or `write`',
  ),

  EXPLORER: choice(
    '`sandbox`: Apollo Sandbox on `GET /graphql`; `graphiql`: GraphiQL on `/graphiql`, without the internet; `both`; or `off`',
    ['sandbox', 'graphiql', 'both', 'off'],
    undefined,
    'sandbox on a loopback HOST and off elsewhere',
  ),
  INTROSPECTION: flag(
    'Introspection, `/schema.graphql` and schema hints in messages',
    undefined,
    'on where EXPLORER is on',
  ),
  FEDERATION: flag('Serve the schema as a Federation 2 subgraph too', false),
  CORS_ORIGINS: origins(
    "Origins whose pages may call, separated by commas; Apollo Studio's is added while the explorer is on",
  ),
  CORS_HEADERS: headerNames('Further headers that pages of `CORS_ORIGINS` may send, separated by commas'),
  TRUSTED_DOCUMENTS: text('Manifest file of the documents that clients may run'),
  TRUSTED_DOCUMENTS_MODE: choice(
    '`enforce`: only documents of the manifest run; `log`: others run too, and are logged and counted',
    ['enforce', 'log'],
    'enforce',
  ),
  APQ: flag('Automatic persisted queries', false),
  REDIS_URL: redisUrl(
    'Redis or Valkey for the state that replicas share: `redis://`, or `rediss://` with TLS. A cluster is several nodes separated by commas, or one with `?cluster=true`',
  ),
  LOG_LEVEL: choice(
    'Least severe lines that are logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
  ),
  LOG_FORMAT: choice(
    'Log lines as JSON, or as text for people',
    ['json', 'text'],
    'json',
    'json (text for npm run quickstart on a terminal)',
  ),

  OTEL_EXPORTER_OTLP_ENDPOINT: url('Base URL of the OTLP receiver of traces'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url(
    'Full URL of the OTLP receiver of traces, with its path; without either URL there are no traces',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice('Protocol of the OTLP receiver', ['http/protobuf'], 'http/protobuf'),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: choice('Protocol for traces alone', ['http/protobuf'], 'http/protobuf'),
  OTEL_TRACES_EXPORTER: choice('`none` disables traces', ['otlp', 'none'], 'otlp'),
  OTEL_SDK_DISABLED: flag('Disables traces', false),

  ...httpVariables,
  UPSTREAM_CONNECT_TIMEOUT_MS: ms('Time to connect to the upstream, with TLS and without DNS', 1_500),
  UPSTREAM_READ_TIMEOUT_MS: ms('Timeout of one attempt of a read', 4_000),
  UPSTREAM_WRITE_TIMEOUT_MS: ms('Timeout of a write, which has one attempt', 9_500),
  UPSTREAM_MAX_RESPONSE_BYTES: integer('Largest upstream response', 2_097_152, {
    min: 1024,
    max: 67_108_864,
  }),
  UPSTREAM_RETRIES: integer('Retries of a failed read; writes are never retried', 2, { max: 5 }),
  UPSTREAM_RETRY_BUDGET: integer('Burst size of the retry budget of the process', 20, { max: 10_000 }),
  UPSTREAM_RETRY_BUDGET_PER_SECOND: integer('Retries that the budget regains per second', 2, { max: 10_000 }),
  UPSTREAM_RETRY_AFTER_MAX_MS: integer(
    'Longest `Retry-After` that is waited for; a longer one is passed to the caller',
    2_000,
    { max: 60_000 },
  ),
  UPSTREAM_IDLE_SOCKET_MS: ms(
    "Idle upstream connections are closed after this; must be shorter than the upstream's timeout",
    4_000,
  ),
  UPSTREAM_CONNECTION_MAX_AGE_MS: ms(
    'Upstream connections are replaced after this, so that DNS changes take effect',
    60_000,
  ),
  UPSTREAM_CONCURRENCY: integer('Concurrent upstream calls of the process', 256, { min: 1, max: 10_000 }),
  UPSTREAM_CONCURRENCY_PER_REQUEST: integer('Concurrent upstream calls of a GraphQL request', 50, {
    min: 1,
    max: 1_000,
  }),
  TOKEN_BATCH_LIST_MIN: integer(
    'Number of different token ids from which one list call replaces single calls; 0 disables it',
    4,
    { max: 100 },
  ),

  ...executionVariables,
  ...limitVariables,
};

export type VariableName = keyof typeof variables;

/** For example `{ PORT: number; ADMIN_PORT: number | undefined; … }`. */
export type Values = { readonly [Name in VariableName]: (typeof variables)[Name]['default'] };
