import { areCertificates } from '../keys/certificates.ts';
import { readAuth } from './auth.ts';
import { parseManifest } from './documents-manifest.ts';
import { type Environment, readEnvironment, readSecureUrl, toGroup } from './environment.ts';
import type { ReadFile } from './read-file.ts';
import { isLoopback, toHostname } from './urls.ts';
import {
  executionVariables,
  httpVariables,
  limitVariables,
  type VariableName,
  variables,
} from './variables.ts';

/** The configuration of the process, checked as a whole: read once, frozen, and without its secrets when printed. */
export type Config = ReturnType<typeof toConfig>;

/** The process must not start. Each line of `problems` names a variable and contains no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const STUDIO_ORIGIN = 'https://studio.apollographql.com';

/** Throws a `ConfigError` with all problems at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>, readFile: ReadFile): Config {
  const environment = readEnvironment(env, readFile);
  checkPorts(environment);
  checkAuthorities(environment);
  const config = toConfig(environment);
  if (environment.problems.length > 0) throw new ConfigError(environment.problems);
  return deepFreeze(config);
}

/** Node.js ignores a file that it cannot use, so connections would fail only later. */
function checkAuthorities({ readFile, addProblem }: Environment): void {
  const text = readFile('NODE_EXTRA_CA_CERTS');
  if (text !== undefined && !areCertificates(text))
    addProblem('Expected NODE_EXTRA_CA_CERTS to name a file of certificates in PEM form');
}

function toConfig(environment: Environment) {
  const { values } = environment;
  const explorer = values.EXPLORER ?? (isLoopback(values.HOST) ? 'sandbox' : 'off');
  const studio = explorer === 'off' ? [] : [STUDIO_ORIGIN];
  return {
    listen: { host: values.HOST, port: values.PORT },
    admin: values.ADMIN_PORT === undefined ? undefined : { host: values.ADMIN_HOST, port: values.ADMIN_PORT },
    upstream: readUpstream(environment),
    emulator: values.EMULATOR ? toGroup(values, variables, 'EMULATOR_') : undefined,
    auth: readAuth(environment),
    explorer,
    introspection: values.INTROSPECTION ?? explorer !== 'off',
    federation: values.FEDERATION,
    cors: {
      origins: [...new Set([...values.CORS_ORIGINS, ...studio])] as readonly string[],
      headers: values.CORS_HEADERS,
    },
    limits: {
      ...toGroup(values, limitVariables),
      rateLimitBurst: values.RATE_LIMIT_BURST || values.RATE_LIMIT_PER_SECOND,
    },
    http: readHttp(environment),
    execution: toGroup(values, executionVariables),
    apq: values.APQ,
    trustedDocuments: readTrustedDocuments(environment),
    /** Undefined: state is kept in memory. */
    redisUrl: values.REDIS_URL,
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT,
    /** Whether traces are made. OpenTelemetry itself reads where they go. */
    tracing: readTracing(environment),
    workers: values.WORKERS,
  } as const;
}

const LISTENERS = [
  ['HOST', 'PORT'],
  ['ADMIN_HOST', 'ADMIN_PORT'],
  ['EMULATOR_HOST', 'EMULATOR_PORT'],
] as const satisfies readonly (readonly VariableName[])[];

/** Rejects two listeners on one address: the second would fail after the first has started. */
function checkPorts({ values, addProblem }: Environment): void {
  const used = LISTENERS.filter(([, port]) => values[port] && (port !== 'EMULATOR_PORT' || values.EMULATOR));
  for (const [index, [host, port]] of used.entries()) {
    const other = used
      .slice(0, index)
      .find(([it, its]) => values[its] === values[port] && overlap(values[it], values[host]));
    if (other)
      addProblem(`Expected ${port} and ${other[1]} to be different ports, got ${values[port]} for both`);
  }
}

function overlap(one: string, other: string): boolean {
  // A name such as `web.1` has no other spelling, and several interfaces may have one link-local address.
  const hosts = [one, other].map((host) => toHostname(host) || host);
  const isEverywhere = hosts.includes('0.0.0.0') || hosts.includes('[::]');
  // `localhost` stands for both 127.0.0.1 and ::1; different loopback addresses do not collide.
  const isSame = hosts[0] === hosts[1] && one.split('%')[1] === other.split('%')[1];
  return isEverywhere || isSame || (hosts.includes('localhost') && hosts.every(isLoopback));
}

function readUpstream(environment: Environment) {
  const { values, isSet, isInvalid, addProblem } = environment;
  if (values.EMULATOR && isSet('API_GATEWAY_URL'))
    addProblem('API_GATEWAY_URL and EMULATOR=true cannot be used together: remove one of them');
  if (!values.EMULATOR && !isSet('API_GATEWAY_URL') && !isInvalid('EMULATOR'))
    addProblem('API_GATEWAY_URL is required, or EMULATOR=true');
  return {
    /** In normal form, without a trailing slash or path of IAM. Undefined: the emulator's. */
    apiGatewayUrl: toBaseUrl(readSecureUrl(environment, 'API_GATEWAY_URL')),
    ...toGroup(values, variables, 'UPSTREAM_'),
    tokenBatchListMin: values.TOKEN_BATCH_LIST_MIN,
  } as const;
}

/** Returns the URL in normal form, so that comparing and cutting it does not depend on how it was written. */
function toBaseUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/*(\/iam(\/v1(\/tokens)?)?)?\/*$/, '');
}

function readTracing({ values, isSet }: Environment): boolean {
  const hasEndpoint = isSet('OTEL_EXPORTER_OTLP_ENDPOINT') || isSet('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  return hasEndpoint && !values.OTEL_SDK_DISABLED && values.OTEL_TRACES_EXPORTER === 'otlp';
}

function readHttp({ values, addProblem }: Environment) {
  if (values.HEADERS_TIMEOUT_MS > values.REQUEST_TIMEOUT_MS)
    addProblem('Expected HEADERS_TIMEOUT_MS to be at most REQUEST_TIMEOUT_MS, which includes it');
  return {
    ...toGroup(values, httpVariables),
    drainDelayMs: Math.min(values.DRAIN_DELAY_MS, values.DRAIN_TIMEOUT_MS / 2),
    trustedProxies: values.TRUSTED_PROXIES,
  } as const;
}

/** Undefined without `TRUSTED_DOCUMENTS`, or when it cannot be used. */
function readTrustedDocuments(environment: Environment) {
  const { values, isSet, addProblem, readFile } = environment;
  const { TRUSTED_DOCUMENTS: file, TRUSTED_DOCUMENTS_MODE: mode } = values;
  if (file === undefined) {
    if (isSet('TRUSTED_DOCUMENTS_MODE'))
      addProblem('TRUSTED_DOCUMENTS is required by TRUSTED_DOCUMENTS_MODE');
    return undefined;
  }
  const text = readFile('TRUSTED_DOCUMENTS');
  if (text === undefined) return undefined;
  try {
    parseManifest(text);
    return { file, mode, text } as const;
  } catch (error) {
    addProblem(`TRUSTED_DOCUMENTS: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
