import { integer } from './variable-types.ts';

// The name of a field in `Config` is the name of its variable in camel case: `config.limits.maxDepth`,
// `config.http.drainTimeoutMs`, and without the prefix `config.upstream.retries`.

/** Limits of one operation, of one caller and of the process. */
export const limitVariables = {
  MAX_DEPTH: integer(12, { min: 1, max: 100, meaning: 'Depth of an operation' }),
  MAX_ALIASES: integer(30, { max: 10_000, meaning: 'Aliases in an operation' }),
  MAX_ROOT_FIELDS: integer(20, { min: 1, max: 1_000, meaning: 'Root fields of an operation' }),
  MAX_FIELDS: integer(300, { min: 1, max: 100_000, meaning: 'Fields in an operation' }),
  MAX_DIRECTIVES: integer(50, { max: 10_000, meaning: 'Directives in an operation' }),
  MAX_OPERATIONS: integer(10, { min: 1, max: 1_000, meaning: 'Operations in a document' }),
  MAX_VARIABLES: integer(100, { max: 10_000, meaning: 'Variables of an operation' }),
  MAX_VARIABLE_VALUES: integer(2_000, {
    max: 1_000_000,
    meaning: 'Items and members of all variables of an operation, at any depth',
  }),
  // The upper ends of these three keep graphql-js's parser within its stack.
  MAX_OPERATION_TOKENS: integer(1_000, { min: 1, max: 15_000, meaning: 'Lexical tokens of a document' }),
  MAX_OPERATION_CHARS: integer(15_000, { min: 1, max: 1_000_000, meaning: 'Characters of a document' }),
  MAX_BRACKET_DEPTH: integer(200, { min: 1, max: 500, meaning: 'Depth of brackets in a document' }),
  MAX_FIELD_COST: integer(50_000, {
    min: 1,
    max: 10_000_000,
    meaning: 'Predicted number of fields in the response: 1 each, times `first` of every list above',
  }),
  MAX_UPSTREAM_CALLS: integer(150, {
    min: 1,
    max: 10_000,
    meaning: 'Predicted upstream calls of an operation',
  }),
  MAX_BODY_BYTES: integer(262_144, { min: 1, max: 8_388_608, meaning: 'Size of a request body' }),
  MAX_IN_FLIGHT: integer(1_000, { max: 1_000_000, meaning: 'Concurrent requests; 0 is no limit' }),
  MAX_IN_FLIGHT_PER_PRINCIPAL: integer(100, {
    max: 1_000_000,
    meaning: 'Concurrent requests per caller; 0 is no limit',
  }),
  RATE_LIMIT_PER_SECOND: integer(50, {
    max: 1_000_000,
    meaning: 'Requests per second and caller; 0 is no limit',
  }),
  RATE_LIMIT_BURST: integer(100, {
    max: 1_000_000,
    meaning: 'Burst size per caller; 0 is the value of `RATE_LIMIT_PER_SECOND`',
  }),
};

// A timeout above ten minutes is a mistake in the unit.
const ms = (fallback: number, meaning: string) => integer(fallback, { meaning, min: 1, max: 600_000 });

/** Times of requests and of client connections. */
export const httpVariables = {
  REQUEST_DEADLINE_MS: ms(10_000, 'Time for a GraphQL request, from its headers to its response'),
  DRAIN_TIMEOUT_MS: ms(15_000, 'Time for requests in flight to end after SIGTERM'),
  DRAIN_DELAY_MS: integer(250, {
    max: 60_000,
    meaning:
      'Part of that time in which connections are still accepted, until load balancers notice `/readyz`; at most half of it',
  }),
  HEADERS_TIMEOUT_MS: ms(10_000, 'Time for a client to send its request headers'),
  REQUEST_TIMEOUT_MS: ms(15_000, 'Time for a client to send its whole request'),
  KEEP_ALIVE_TIMEOUT_MS: ms(
    65_000,
    "Idle client connections are closed after this; must be longer than the load balancer's",
  ),
};

/** Times and limits of upstream calls. */
export const upstreamVariables = {
  UPSTREAM_CONNECT_TIMEOUT_MS: ms(1_500, 'Time to connect to the upstream, with TLS and without DNS'),
  UPSTREAM_READ_TIMEOUT_MS: ms(4_000, 'Timeout of one attempt of a read'),
  UPSTREAM_WRITE_TIMEOUT_MS: ms(9_500, 'Timeout of a write, which has one attempt'),
  UPSTREAM_MAX_RESPONSE_BYTES: integer(2_097_152, {
    min: 1024,
    max: 67_108_864,
    meaning: 'Largest upstream response',
  }),
  UPSTREAM_RETRIES: integer(2, {
    max: 5,
    meaning: 'Retries of a failed read; writes are never retried',
  }),
  UPSTREAM_RETRY_BUDGET: integer(20, {
    max: 10_000,
    meaning: 'Burst size of the retry budget of the process',
  }),
  UPSTREAM_RETRY_BUDGET_PER_SECOND: integer(2, {
    max: 10_000,
    meaning: 'Retries that the budget regains per second',
  }),
  UPSTREAM_RETRY_AFTER_MAX_MS: integer(2_000, {
    max: 60_000,
    meaning: 'Longest `Retry-After` that is waited for; a longer one is passed to the caller',
  }),
  UPSTREAM_IDLE_SOCKET_MS: ms(
    4_000,
    "Idle upstream connections are closed after this; must be shorter than the upstream's timeout",
  ),
  UPSTREAM_CONNECTION_MAX_AGE_MS: ms(
    60_000,
    'Upstream connections are replaced after this, so that DNS changes take effect',
  ),
  UPSTREAM_CONCURRENCY: integer(256, {
    min: 1,
    max: 10_000,
    meaning: 'Concurrent upstream calls of the process',
  }),
  UPSTREAM_CONCURRENCY_PER_REQUEST: integer(50, {
    min: 1,
    max: 1_000,
    meaning: 'Concurrent upstream calls of a GraphQL request',
  }),
};
