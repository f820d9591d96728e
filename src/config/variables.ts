import { limitVariables } from './limit-variables.ts';
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
} from './variable-types.ts';

// Above ten minutes a timeout is a mistake in the unit. Ports: 0 asks the system for any free one.
const ms = (fallback: number, meaning: string) => integer(fallback, { meaning, min: 1, max: 600_000 });
const PORTS = { max: 65_535 };

/** Every variable that the gateway reads. The documentation's tables are checked against this one. */
export const variables = {
  PORT: integer(4000, { ...PORTS, meaning: 'Port of the GraphQL listener; 0 takes any free one' }),
  HOST: host('127.0.0.1', {
    defaultText: '127.0.0.1 (0.0.0.0 in the image)',
    meaning: 'Address of the GraphQL listener',
  }),
  ADMIN_PORT: integer(undefined, {
    ...PORTS,
    meaning: 'Port of a second listener for `/metrics`, `/livez` and `/readyz`; without it there is none',
  }),
  WORKERS: integer(1, { min: 1, max: 256, meaning: 'Processes that share the port, for several cores' }),
  TRUSTED_PROXIES: addresses({
    meaning:
      'Addresses or networks of load balancers whose `X-Forwarded-For` is believed, separated by commas; only the rate limit of unknown callers goes by it',
  }),
  ADMIN_HOST: host('127.0.0.1', { meaning: 'Address of that second listener' }),

  API_GATEWAY_URL: url({
    defaultText: 'required without EMULATOR=true',
    meaning: 'The Affinidi API, for example `https://apse1.api.affinidi.io`; REST calls go to this + `/iam`',
  }),
  ALLOW_INSECURE_UPSTREAM: flag(false, { meaning: 'Accept plain http URLs on hosts that are not loopback' }),
  EMULATOR: flag(false, {
    meaning: 'Start the embedded IAM emulator and use it; not together with `API_GATEWAY_URL`',
  }),
  EMULATOR_PORT: integer(0, {
    ...PORTS,
    defaultText: '0 (4010 for npm run emulator)',
    meaning: 'Port of the emulator; 0 takes any free one',
  }),
  EMULATOR_HOST: host('127.0.0.1', { meaning: 'Address of the emulator' }),
  EMULATOR_DATA_FILE: text(undefined, {
    meaning: 'File in which the emulator keeps its state over restarts',
  }),
  EMULATOR_SEED: text('demo', {
    meaning: 'What the emulator starts with: `demo` (120 tokens), `large` (10 000), `empty`, or a JSON file',
  }),

  AUTH_MODE: choice(['pass-through', 'pat'], 'pass-through', {
    meaning:
      "`pass-through`: the caller's own credential goes upstream; `pat`: the gateway signs in with a personal access token",
  }),
  TOKEN_ENDPOINT: url({
    defaultText: "none (the emulator's with EMULATOR=true)",
    meaning: '`pat`: OAuth token endpoint at which the gateway signs in',
  }),
  PROJECT_ID: identifier({
    meaning: '`pat`: project that the credential is for; not needed for the `user` credential',
  }),
  TOKEN_ID: identifier({ meaning: '`pat`: id of the personal access token' }),
  KEY_ID: identifier({ defaultText: 'TOKEN_ID', meaning: '`pat`: `kid` of the key it was registered with' }),
  PRIVATE_KEY: secret({ meaning: '`pat`: private key as PEM; its newlines may be written `\\n`' }),
  PRIVATE_KEY_FILE: text(undefined, {
    meaning: '`pat`: file that holds the private key, in place of `PRIVATE_KEY`',
  }),
  PASSPHRASE: secret({ meaning: '`pat`: passphrase of an encrypted private key' }),
  PAT_CREDENTIAL: choice(['project', 'user'], 'project', {
    meaning:
      '`pat`: what is sent upstream, the `project` scoped token or the `user` access token of the sign-in',
  }),
  CALLER_AUTH: choice(['none', 'jwt', 'api-key'], 'none', {
    meaning: '`pat`: how callers prove who they are; `none` starts only on a loopback `HOST`',
  }),
  CALLER_JWKS_URL: url({ meaning: "`jwt`: URL of the key set that the callers' tokens are signed with" }),
  CALLER_JWT_ISSUER: text(undefined, { meaning: '`jwt`: required `iss`' }),
  CALLER_JWT_AUDIENCE: text(undefined, { meaning: '`jwt`: required `aud`' }),
  CALLER_API_KEYS_FILE: text(undefined, {
    meaning: '`api-key`: file of lines `name:role:sha256hex`, role `read` or `write`',
  }),

  EXPLORER: choice(['sandbox', 'graphiql', 'both', 'off'], undefined, {
    defaultText: 'sandbox on a loopback HOST and off elsewhere',
    meaning:
      '`sandbox`: Apollo Sandbox on `GET /graphql`; `graphiql`: GraphiQL on `/graphiql`, without the internet; `both`; or `off`',
  }),
  INTROSPECTION: flag(undefined, {
    defaultText: 'on where EXPLORER is on',
    meaning: 'Introspection, `/schema.graphql` and schema hints in messages',
  }),
  FEDERATION: flag(false, { meaning: 'Serve the schema as a Federation 2 subgraph too' }),
  CORS_ORIGINS: origins({
    defaultText: 'none',
    meaning:
      "Origins whose pages may call, separated by commas; Apollo Studio's is added while the explorer is on",
  }),
  CORS_HEADERS: headerNames({
    defaultText: 'none',
    meaning:
      'Request headers that those pages may send, separated by commas, besides the usual ones of GraphQL clients and of tracing',
  }),
  TRUSTED_DOCUMENTS: text(undefined, {
    meaning: 'Manifest file of the documents that clients may run; read again when it changes',
  }),
  TRUSTED_DOCUMENTS_MODE: choice(['enforce', 'log'], 'enforce', {
    meaning: '`enforce`: nothing else runs; `log`: everything runs, and what is not in the manifest is told',
  }),
  APQ: flag(false, { meaning: 'Automatic persisted queries' }),
  REDIS_URL: redisUrl({
    meaning:
      'Redis or Valkey that replicas share their state in: `redis://` or, with TLS, `rediss://`. Of a cluster, several nodes, separated by commas, or one with `?cluster=true`',
  }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info', {
    meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  }),
  LOG_FORMAT: choice(['json', 'text'], 'json', {
    defaultText: 'json (text for npm run quickstart on a terminal)',
    meaning: 'Log lines as JSON, or as text for people',
  }),

  OTEL_EXPORTER_OTLP_ENDPOINT: url({
    meaning: 'OTLP receiver that traces are sent to; without it there are none',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url({ meaning: 'The same, with its path, for traces alone' }),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice(['http/protobuf'], 'http/protobuf', {
    meaning: 'How traces are sent; gRPC and JSON are not supported',
  }),
  OTEL_TRACES_EXPORTER: choice(['otlp', 'none'], 'otlp', { meaning: '`none` makes no traces' }),
  OTEL_SDK_DISABLED: flag(false, { meaning: 'Makes no traces' }),

  REQUEST_DEADLINE_MS: ms(
    10_000,
    'A GraphQL request is answered within this time, whatever the upstream does',
  ),
  DRAIN_TIMEOUT_MS: ms(15_000, 'On SIGTERM, how long requests in flight may take before the process ends'),
  DRAIN_DELAY_MS: integer(250, {
    max: 60_000,
    meaning:
      'Of that time, how long connections are still taken, so that a load balancer learns from `/readyz`; at most half of it',
  }),
  HEADERS_TIMEOUT_MS: ms(10_000, "A client's request headers must arrive within this time"),
  REQUEST_TIMEOUT_MS: ms(15_000, "A client's whole request must arrive within this time"),
  KEEP_ALIVE_TIMEOUT_MS: ms(
    65_000,
    "An idle client connection is kept this long; longer than the load balancer's",
  ),

  UPSTREAM_CONNECT_TIMEOUT_MS: ms(
    1_500,
    'Connecting to the upstream, TLS included; finding its address by DNS is not part of it',
  ),
  UPSTREAM_READ_TIMEOUT_MS: ms(4_000, 'One attempt of a read'),
  UPSTREAM_WRITE_TIMEOUT_MS: ms(9_500, 'The one attempt of a write'),
  UPSTREAM_MAX_RESPONSE_BYTES: integer(2_097_152, {
    min: 1024,
    max: 67_108_864,
    meaning: 'A larger upstream answer is refused',
  }),
  UPSTREAM_RETRIES: integer(2, {
    max: 5,
    meaning: 'Repeats of a read that failed; a write is never repeated',
  }),
  UPSTREAM_RETRY_BUDGET: integer(20, { max: 10_000, meaning: 'Repeats that the process may have saved up' }),
  UPSTREAM_RETRY_BUDGET_PER_SECOND: integer(2, { max: 10_000, meaning: 'How fast that budget refills' }),
  UPSTREAM_RETRY_AFTER_MAX_MS: integer(2_000, {
    max: 60_000,
    meaning: 'A `Retry-After` up to this is waited for; a longer one goes to the caller',
  }),
  UPSTREAM_IDLE_SOCKET_MS: ms(
    4_000,
    'An idle upstream connection is closed after this; shorter than the upstream does',
  ),
  UPSTREAM_CONNECTION_MAX_AGE_MS: ms(
    60_000,
    'An upstream connection is replaced after this, so that a changed address is noticed',
  ),
  UPSTREAM_CONCURRENCY: integer(256, { min: 1, max: 10_000, meaning: 'Upstream calls at once, per process' }),
  UPSTREAM_CONCURRENCY_PER_REQUEST: integer(50, {
    min: 1,
    max: 1_000,
    meaning: 'Upstream calls at once, per GraphQL request',
  }),
  TOKEN_BATCH_LIST_MIN: integer(4, {
    max: 100,
    meaning: 'From this many different token ids on, one list call replaces single ones; 0 is never',
  }),

  ...limitVariables,
};

export type VariableName = keyof typeof variables;

/** For example `{ PORT: number; ADMIN_PORT: number | undefined; … }`. */
export type Values = { readonly [Name in VariableName]: (typeof variables)[Name]['default'] };
