import { httpVariables, limitVariables, upstreamVariables } from './limit-variables.ts';
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

// 0 asks the system for any free port.
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
    meaning: 'Port of the admin listener: `/metrics`, `/livez`, `/readyz`',
  }),
  WORKERS: integer(1, { min: 1, max: 256, meaning: 'Processes that share the port, one for each core' }),
  TRUSTED_PROXIES: addresses({
    meaning:
      'Addresses or networks of load balancers, separated by commas: their `X-Forwarded-For` is used for the rate limit of requests without a credential',
  }),
  ADMIN_HOST: host('127.0.0.1', { meaning: 'Address of the admin listener' }),

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
    meaning: "File that keeps the emulator's state across restarts",
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
    meaning: '`pat`: how callers are authenticated; `none` starts only on a loopback `HOST`',
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
    meaning: 'Further request headers that those pages may send, separated by commas',
  }),
  TRUSTED_DOCUMENTS: text(undefined, {
    meaning: 'Manifest file of the documents that clients may run; read again when it changes',
  }),
  TRUSTED_DOCUMENTS_MODE: choice(['enforce', 'log'], 'enforce', {
    meaning: '`enforce`: nothing else runs; `log`: other documents run too, and are logged and counted',
  }),
  APQ: flag(false, { meaning: 'Automatic persisted queries' }),
  REDIS_URL: redisUrl({
    meaning:
      'Redis or Valkey for the shared state of replicas: `redis://`, or `rediss://` with TLS. For a cluster, several nodes separated by commas, or one with `?cluster=true`',
  }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info', {
    meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  }),
  LOG_FORMAT: choice(['json', 'text'], 'json', {
    defaultText: 'json (text for npm run quickstart on a terminal)',
    meaning: 'Log lines as JSON, or as text for people',
  }),

  OTEL_EXPORTER_OTLP_ENDPOINT: url({
    meaning: 'OTLP receiver for traces; without it there are none',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url({ meaning: 'The same, with its path, for traces alone' }),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice(['http/protobuf'], 'http/protobuf', {
    meaning: 'How traces are sent; gRPC and JSON are not supported',
  }),
  OTEL_TRACES_EXPORTER: choice(['otlp', 'none'], 'otlp', { meaning: '`none` makes no traces' }),
  OTEL_SDK_DISABLED: flag(false, { meaning: 'Makes no traces' }),

  ...httpVariables,
  ...upstreamVariables,
  TOKEN_BATCH_LIST_MIN: integer(4, {
    max: 100,
    meaning: 'Number of different token ids from which one list call replaces single calls; 0 disables it',
  }),

  MAX_CACHED_DOCUMENTS: integer(1000, {
    min: 1,
    max: 100_000,
    meaning: 'Size of the LRU cache of prepared documents',
  }),
  MAX_COMPILED_OPERATIONS: integer(500, {
    max: 100_000,
    meaning: 'Size of the LRU cache of compiled operations; 0 disables compilation',
  }),
  COMPILE_AFTER: integer(1, {
    max: 1_000_000,
    meaning: 'Executions of an operation before it is compiled',
  }),
  ...limitVariables,
};

export type VariableName = keyof typeof variables;

/** For example `{ PORT: number; ADMIN_PORT: number | undefined; … }`. */
export type Values = { readonly [Name in VariableName]: (typeof variables)[Name]['default'] };
