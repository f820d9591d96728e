import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

/** A failure as its user should read it: what happened, and what to do. */
export interface Failure {
  readonly title: string;
  readonly advice: string;
  /** Of a write: it may have been carried out all the same. */
  readonly mayHaveSucceeded: boolean;
  /** When it makes sense to try again, in milliseconds of the epoch. Only where the gateway named a time. */
  readonly retryAtMs: number | undefined;
}

const UNKNOWN_VERSION = [
  'This version of the console is not known',
  'Reload the page to get the current one.',
] as const;

/** By the codes of the gateway (docs/client-guide.md), never by their messages. */
const BY_CODE: Readonly<Record<string, readonly [title: string, advice: string]>> = {
  UNAUTHENTICATED: ['Your session has ended', 'Sign in again.'],
  FORBIDDEN: ['You do not have permission to do this', 'Ask an administrator for it, then try again.'],
  RATE_LIMITED: ['Too many requests', 'Wait a moment, then try again.'],
  OVERLOADED: ['The service is busy', 'Wait a moment, then try again.'],
  UPSTREAM_TIMEOUT: ['The service did not respond in time', 'Try again in a moment.'],
  UPSTREAM_UNAVAILABLE: ['The service cannot be reached', 'Try again in a moment.'],
  OPERATION_NOT_TRUSTED: UNKNOWN_VERSION,
  PERSISTED_QUERY_NOT_FOUND: UNKNOWN_VERSION,
};

/** For responses that come from a proxy instead of the gateway. */
const CODE_BY_STATUS: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  429: 'RATE_LIMITED',
};

export function toFailure(error: unknown): Failure {
  const extensions = extensionsOf(error);
  const [title, advice] = BY_CODE[codeOf(error) ?? ''] ?? fallback(error, extensions);
  return {
    title,
    advice,
    mayHaveSucceeded: !isCertainlyRefused(error),
    retryAtMs: retryAtOf(error),
  };
}

/** The credential is missing, expired or revoked. */
export function isUnauthenticated(error: unknown): boolean {
  return codeOf(error) === 'UNAUTHENTICATED';
}

/** The request itself is wrong, for example an address that has no id of a token. */
export function isInvalidInput(error: unknown): boolean {
  return codeOf(error) === 'BAD_USER_INPUT';
}

/** The list has to be read from its start. */
export function isInvalidCursor(error: unknown): boolean {
  return extensionsOf(error)?.reason === 'INVALID_CURSOR';
}

function codeOf(error: unknown): string | undefined {
  const code = extensionsOf(error)?.code;
  if (code !== undefined) return String(code);
  return ServerError.is(error) ? CODE_BY_STATUS[error.statusCode] : undefined;
}

function extensionsOf(error: unknown): Record<string, unknown> | undefined {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.extensions;
  if (!ServerError.is(error)) return undefined;
  try {
    return JSON.parse(error.bodyText).errors?.[0]?.extensions;
  } catch {
    return undefined;
  }
}

function fallback(
  error: unknown,
  extensions: Record<string, unknown> | undefined,
): readonly [string, string] {
  if (isConnectionLost(error)) return ['The connection was lost', 'Check your network, then try again.'];
  const id = extensions?.requestId ?? extensions?.traceId;
  return [
    'Something went wrong',
    id ? `Try again, or give support the reference ${id}.` : 'Try again in a moment.',
  ];
}

/** `fetch` rejects with a `TypeError`, and a proxy reports a server that is gone. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof TypeError || (ServerError.is(error) && codeOf(error) === undefined);
}

/**
 * Of a write: it was not carried out. Anything that does not say so counts as unknown: a lost connection, half a
 * response, an unexpected error, a result that came with an error.
 */
function isCertainlyRefused(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined || code === 'INTERNAL_SERVER_ERROR') return false;
  if (
    CombinedGraphQLErrors.is(error) &&
    Object.values(error.data ?? {}).some((value) => typeof value === 'object' && value !== null)
  )
    return false;
  return extensionsOf(error)?.mayHaveSucceeded !== true;
}

/** When an error was first seen: the time to wait counts from then, however often the page renders. */
const retryTimes = new WeakMap<object, number>();

function retryAtOf(error: unknown): number | undefined {
  const seconds = retryAfterOf(error);
  if (seconds === undefined || typeof error !== 'object' || error === null) return undefined;
  const known = retryTimes.get(error);
  if (known !== undefined) return known;
  const retryAtMs = Date.now() + seconds * 1000;
  retryTimes.set(error, retryAtMs);
  return retryAtMs;
}

function retryAfterOf(error: unknown): number | undefined {
  const header = ServerError.is(error) ? error.response.headers.get('retry-after') : null;
  const seconds = Number(extensionsOf(error)?.retryAfter ?? header ?? Number.NaN);
  return seconds > 0 ? seconds : undefined;
}
