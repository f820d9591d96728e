import { type AuthConfig, readAuth } from './auth.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { isLoopback, readSecureUrl, refuseSharedPorts } from './network.ts';
import type { ReadFile } from './read-file.ts';
import type { Secret } from './secret.ts';
import { readTrustedDocuments, type TrustedDocumentsConfig } from './trusted-documents.ts';
import type { Values } from './variables.ts';

export type { AuthConfig, CallerAuthConfig, PatConfig } from './auth.ts';
export type { Secret } from './secret.ts';
export type { TrustedDocumentsConfig } from './trusted-documents.ts';
export { variables } from './variables.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the process was told, checked as a whole: read once, frozen, and without its secrets when printed. */
export interface Config {
  readonly listen: Address;
  /** Undefined: no second listener. */
  readonly admin: Address | undefined;
  readonly upstream: ReturnType<typeof readUpstream>;
  /** Present when it is to be started and used as upstream. */
  readonly emulator: (Address & { readonly dataFile: string | undefined; readonly seed: string }) | undefined;
  readonly auth: AuthConfig;
  readonly explorer: 'sandbox' | 'graphiql' | 'both' | 'off';
  readonly introspection: boolean;
  readonly federation: boolean;
  readonly cors: { readonly origins: readonly string[]; readonly headers: readonly string[] };
  readonly limits: ReturnType<typeof readLimits>;
  readonly http: ReturnType<typeof readHttp>;
  readonly execution: ReturnType<typeof readExecution>;
  readonly apq: boolean;
  /** Undefined: any document may run. */
  readonly trustedDocuments: TrustedDocumentsConfig | undefined;
  /** Undefined: state is kept in memory. */
  readonly redisUrl: Secret | undefined;
  readonly logLevel: Values['LOG_LEVEL'];
  readonly logFormat: Values['LOG_FORMAT'];
  /** Whether traces are made. Where they go is read by OpenTelemetry itself. */
  readonly tracing: boolean;
  /** Processes that share the port. */
  readonly workers: number;
}

/** The process must not start. `problems` has one line each, with the variable's name and without secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const STUDIO_ORIGIN = 'https://studio.apollographql.com';

/** Throws a `ConfigError` with all that is wrong at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>, readFile: ReadFile): Config {
  const environment = readEnvironment(env);
  const { values, problems } = environment;
  const explorer = readExplorer(environment);
  const studio = explorer === 'off' ? [] : [STUDIO_ORIGIN];
  refuseSharedPorts(environment);
  const config: Config = {
    listen: { host: values.HOST, port: values.PORT },
    admin: values.ADMIN_PORT === undefined ? undefined : { host: values.ADMIN_HOST, port: values.ADMIN_PORT },
    upstream: readUpstream(environment),
    emulator: values.EMULATOR ? readEmulator(values) : undefined,
    auth: readAuth(environment, readFile),
    explorer,
    introspection: values.INTROSPECTION ?? explorer !== 'off',
    federation: values.FEDERATION,
    cors: { origins: [...new Set([...values.CORS_ORIGINS, ...studio])], headers: values.CORS_HEADERS },
    limits: readLimits(values),
    http: readHttp(environment),
    execution: readExecution(values),
    apq: values.APQ,
    trustedDocuments: readTrustedDocuments(environment, readFile),
    redisUrl: values.REDIS_URL,
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT,
    tracing: readTracing(environment),
    workers: readWorkers(environment),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

function readExplorer({ values }: Environment): Config['explorer'] {
  return values.EXPLORER ?? (isLoopback(values.HOST) ? 'sandbox' : 'off');
}

function readUpstream(environment: Environment) {
  const { values, isSet, refuse } = environment;
  if (values.EMULATOR && isSet('API_GATEWAY_URL')) {
    refuse('API_GATEWAY_URL and EMULATOR=true exclude each other: leave one of them out');
  }
  if (
    !values.EMULATOR &&
    !isSet('API_GATEWAY_URL') &&
    !environment.problems.some((line) => line.includes('EMULATOR '))
  ) {
    refuse('API_GATEWAY_URL is required, or EMULATOR=true');
  }
  return {
    /** In normal form, without a trailing slash or `/iam`. Undefined: the emulator's. */
    apiGatewayUrl: toBaseUrl(readSecureUrl(environment, 'API_GATEWAY_URL')),
    connectTimeoutMs: values.UPSTREAM_CONNECT_TIMEOUT_MS,
    readTimeoutMs: values.UPSTREAM_READ_TIMEOUT_MS,
    writeTimeoutMs: values.UPSTREAM_WRITE_TIMEOUT_MS,
    maxResponseBytes: values.UPSTREAM_MAX_RESPONSE_BYTES,
    retries: values.UPSTREAM_RETRIES,
    retryBudget: values.UPSTREAM_RETRY_BUDGET,
    retryBudgetPerSecond: values.UPSTREAM_RETRY_BUDGET_PER_SECOND,
    retryAfterMaxMs: values.UPSTREAM_RETRY_AFTER_MAX_MS,
    idleSocketMs: values.UPSTREAM_IDLE_SOCKET_MS,
    connectionMaxAgeMs: values.UPSTREAM_CONNECTION_MAX_AGE_MS,
    concurrency: values.UPSTREAM_CONCURRENCY,
    concurrencyPerRequest: values.UPSTREAM_CONCURRENCY_PER_REQUEST,
    tokenBatchListMin: values.TOKEN_BATCH_LIST_MIN,
  } as const;
}

/** In normal form, so that it is the same URL for everything that compares or cuts it. */
function toBaseUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/*(\/iam)?\/*$/, '');
}

function readEmulator(values: Values): Config['emulator'] {
  return {
    host: values.EMULATOR_HOST,
    port: values.EMULATOR_PORT,
    dataFile: values.EMULATOR_DATA_FILE,
    seed: values.EMULATOR_SEED,
  };
}

/** Workers share the port that is named; with 0 nobody could tell the admin listener which it is. */
function readWorkers({ values, refuse }: Environment): number {
  if (values.WORKERS > 1 && values.PORT === 0 && values.ADMIN_PORT !== undefined)
    refuse('ADMIN_PORT with WORKERS above 1 needs a PORT other than 0');
  return values.WORKERS;
}

function readTracing({ values, isSet }: Environment): boolean {
  const hasEndpoint = isSet('OTEL_EXPORTER_OTLP_ENDPOINT') || isSet('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  return hasEndpoint && !values.OTEL_SDK_DISABLED && values.OTEL_TRACES_EXPORTER === 'otlp';
}

function readLimits(values: Values) {
  return {
    maxDepth: values.MAX_DEPTH,
    maxAliases: values.MAX_ALIASES,
    maxRootFields: values.MAX_ROOT_FIELDS,
    maxFields: values.MAX_FIELDS,
    maxDirectives: values.MAX_DIRECTIVES,
    maxOperations: values.MAX_OPERATIONS,
    maxVariables: values.MAX_VARIABLES,
    maxVariableValues: values.MAX_VARIABLE_VALUES,
    maxOperationTokens: values.MAX_OPERATION_TOKENS,
    maxOperationChars: values.MAX_OPERATION_CHARS,
    maxBracketDepth: values.MAX_BRACKET_DEPTH,
    maxFieldCost: values.MAX_FIELD_COST,
    maxUpstreamCalls: values.MAX_UPSTREAM_CALLS,
    maxBodyBytes: values.MAX_BODY_BYTES,
    /** 0 is no limit, for this and the next two. */
    maxInFlight: values.MAX_IN_FLIGHT,
    maxInFlightPerPrincipal: values.MAX_IN_FLIGHT_PER_PRINCIPAL,
    rateLimitPerSecond: values.RATE_LIMIT_PER_SECOND,
    rateLimitBurst: values.RATE_LIMIT_BURST || values.RATE_LIMIT_PER_SECOND,
  } as const;
}

function readHttp({ values, refuse }: Environment) {
  if (values.HEADERS_TIMEOUT_MS > values.REQUEST_TIMEOUT_MS) {
    refuse('Expected HEADERS_TIMEOUT_MS to be at most REQUEST_TIMEOUT_MS, which includes it');
  }
  return {
    requestDeadlineMs: values.REQUEST_DEADLINE_MS,
    drainTimeoutMs: values.DRAIN_TIMEOUT_MS,
    drainDelayMs: Math.min(values.DRAIN_DELAY_MS, values.DRAIN_TIMEOUT_MS / 2),
    headersTimeoutMs: values.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    keepAliveTimeoutMs: values.KEEP_ALIVE_TIMEOUT_MS,
    trustedProxies: values.TRUSTED_PROXIES,
  } as const;
}

function readExecution(values: Values) {
  return {
    maxDocuments: values.MAX_CACHED_DOCUMENTS,
    maxCompiled: values.MAX_COMPILED_OPERATIONS,
    compileAfter: values.COMPILE_AFTER,
  } as const;
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
