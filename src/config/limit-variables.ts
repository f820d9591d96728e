import { integer } from './variable-types.ts';

// The name of a field in `Config` is the name of its variable in camel case: `config.limits.maxDepth`,
// `config.http.drainTimeoutMs`, and without the prefix `config.upstream.retries`.

/** Limits of one operation, of one caller and of the process. */
export const limitVariables = {
  MAX_DEPTH: integer('Depth of an operation', 12, { min: 1, max: 100 }),
  MAX_ALIASES: integer('Aliases in an operation', 30, { max: 10_000 }),
  MAX_ROOT_FIELDS: integer('Root fields of an operation', 20, { min: 1, max: 1_000 }),
  MAX_FIELDS: integer('Fields in an operation', 300, { min: 1, max: 100_000 }),
  MAX_DIRECTIVES: integer('Directives in an operation', 50, { max: 10_000 }),
  MAX_OPERATIONS: integer('Operations in a document', 10, { min: 1, max: 1_000 }),
  MAX_VARIABLES: integer('Variables of an operation', 100, { max: 10_000 }),
  MAX_VARIABLE_VALUES: integer('Items and members of all variables of an operation, at any depth', 2_000, {
    max: 1_000_000,
  }),
  // The upper ends of these three keep graphql-js's parser within its stack.
  MAX_OPERATION_TOKENS: integer('Lexical tokens of a document', 1_000, { min: 1, max: 15_000 }),
  MAX_OPERATION_CHARS: integer('Characters of a document', 15_000, { min: 1, max: 1_000_000 }),
  MAX_BRACKET_DEPTH: integer('Depth of brackets in a document', 200, { min: 1, max: 500 }),
  MAX_FIELD_COST: integer(
    'Predicted number of fields in the response: 1 each, times `first` of every list above',
    50_000,
    { min: 1, max: 10_000_000 },
  ),
  MAX_UPSTREAM_CALLS: integer('Predicted upstream calls of an operation', 150, { min: 1, max: 10_000 }),
  MAX_BODY_BYTES: integer('Size of a request body', 262_144, { min: 1, max: 8_388_608 }),
  MAX_IN_FLIGHT: integer('Concurrent requests; 0 is no limit', 1_000, { max: 1_000_000 }),
  MAX_IN_FLIGHT_PER_PRINCIPAL: integer('Concurrent requests per caller; 0 is no limit', 100, {
    max: 1_000_000,
  }),
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
    'Part of that time in which connections are still accepted, until load balancers notice `/readyz`; at most half of it',
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

/** Times and limits of upstream calls. */
export const upstreamVariables = {
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
};
