import { GraphQLError, type GraphQLErrorExtensions } from 'graphql';
import { AuthError } from './auth/authenticator.ts';
import { isFromProxy, mayHaveSucceeded, meaningOf, UpstreamError } from './upstream/upstream-error.ts';

/**
 * The request is well-formed, but its document or variables do not fit. The status is 400 only with the newer media type,
 * because older clients do not read the body of a 4xx (GraphQL over HTTP, "application/json").
 */
export const BY_MEDIA_TYPE = 'by media type';

/** Every error code, and the HTTP status of a request that is rejected as a whole with it. `docs/client-guide.md` explains them. */
export const HTTP_STATUS = {
  BAD_REQUEST: 400,
  BAD_USER_INPUT: BY_MEDIA_TYPE,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  UPSTREAM_ERROR: 503,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_TIMEOUT: 503,
  UPSTREAM_INVALID_RESPONSE: 500,
  OPERATION_LIMIT_EXCEEDED: 400,
  OPERATION_NOT_TRUSTED: 400,
  GRAPHQL_PARSE_FAILED: BY_MEDIA_TYPE,
  GRAPHQL_VALIDATION_FAILED: BY_MEDIA_TYPE,
  OPERATION_RESOLUTION_FAILURE: BY_MEDIA_TYPE,
  // Apollo Client reads the code, and then sends the document.
  PERSISTED_QUERY_NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
  INTERNAL_SERVER_ERROR: 500,
} as const;

/** `ABORTED` is for the log and metrics: its client has left. */
type ErrorCode = keyof typeof HTTP_STATUS | 'ABORTED';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

const UNAVAILABLE: Failure = {
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The IAM API cannot be reached at the moment. Try again later.',
};

const BY_STATUS: Readonly<Record<number, Failure>> = {
  401: {
    code: 'UNAUTHENTICATED',
    message:
      'The IAM API does not accept the credential. It may be expired: sign in again and repeat the request.',
  },
  403: { code: 'FORBIDDEN', message: 'You do not have permission to do this.' },
  404: { code: 'NOT_FOUND', message: 'There is no such object.' },
  409: { code: 'CONFLICT', message: 'The IAM API rejected this because of the current state of the object.' },
  429: {
    code: 'RATE_LIMITED',
    message: 'The IAM API is limiting requests. Wait `retryAfter` seconds before the next.',
  },
};

/** Failures of requests with the gateway's own credential, where they differ. */
const BY_STATUS_OF_OWN: Readonly<Record<number, Failure>> = {
  401: {
    code: 'UNAUTHENTICATED',
    message:
      "The IAM API does not accept the gateway's own credential. The gateway signs in again: repeat the request. If that does not help, ask its operator to check its personal access token.",
  },
  403: {
    code: 'FORBIDDEN',
    message:
      "The gateway's personal access token may not do this. Ask the operator of the gateway for the permission.",
  },
};

const BY_KIND: Readonly<Record<UpstreamError['kind'], Failure>> = {
  status: { code: 'UPSTREAM_ERROR', message: 'The IAM API responded with an error.' },
  unavailable: UNAVAILABLE,
  timeout: { code: 'UPSTREAM_TIMEOUT', message: 'The IAM API did not respond in time.' },
  'invalid-response': {
    code: 'UPSTREAM_INVALID_RESPONSE',
    message: 'The response of the IAM API does not match its contract.',
  },
  aborted: { code: 'ABORTED', message: 'The client disconnected before the response was complete.' },
  'not-recorded': {
    code: 'OVERLOADED',
    message:
      'The gateway cannot keep a record of this `idempotencyKey` at the moment. Send the same request again after `retryAfter` seconds.',
  },
  'in-progress': {
    code: 'OVERLOADED',
    message:
      'A create with this `idempotencyKey` is still running, or its outcome is not known yet. Send the same request again after `retryAfter` seconds.',
  },
};

/** The error for an argument that the caller can correct. `message` says how, and never repeats the value. */
export function badUserInput(message: string, argument: string): GraphQLError {
  return rejection('BAD_USER_INPUT', message, { argument });
}

/** The error for a request that is rejected as a whole, before anything runs. */
export function rejection(
  code: ErrorCode,
  message: string,
  extensions: GraphQLErrorExtensions = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}

export function invalidCursor(message: string): GraphQLError {
  return rejection('BAD_USER_INPUT', message, { argument: 'after', reason: 'INVALID_CURSOR' });
}

/**
 * The public form of a failed read. An error that the table does not have is unexpected and is returned as it is, to be
 * masked and logged.
 */
export function toReadError(error: unknown): Error {
  // Messages of `AuthError` are written for clients.
  if (error instanceof AuthError) return rejection(BY_AUTH_FAILURE[error.kind], error.message);
  if (error instanceof UpstreamError) return toRejection(error);
  return error instanceof Error
    ? error
    : new Error('a value that is not an error was thrown', { cause: error });
}

/** The public form of a failed write. If its outcome may be unknown, the extensions say so. */
export function toWriteError(error: unknown): Error {
  if (!(error instanceof UpstreamError)) return toReadError(error);
  return toRejection(error, mayHaveSucceeded(error) ? { mayHaveSucceeded: true } : {});
}

/** The public form of the failure of a field. Only the root fields of a mutation write. */
export function toFieldError(error: GraphQLError, isMutation: boolean): GraphQLError {
  const { originalError: cause, path } = error;
  const isWrite = isMutation && path?.length === 1;
  const known = isWrite ? toWriteError(cause) : toReadError(cause);
  return known instanceof GraphQLError ? known : error;
}

const BY_AUTH_FAILURE: Readonly<Record<AuthError['kind'], ErrorCode>> = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  'sign-in-rejected': 'UPSTREAM_ERROR',
  'keys-unavailable': 'UPSTREAM_UNAVAILABLE',
};

function failureOf(error: UpstreamError): Failure {
  if (error.kind !== 'status') return BY_KIND[error.kind];
  const status = meaningOf(error) ?? 0;
  const ofOwn = error.hadOwnCredential ? BY_STATUS_OF_OWN[status] : undefined;
  return ofOwn ?? BY_STATUS[status] ?? (isFromProxy(error) ? UNAVAILABLE : BY_KIND.status);
}

function toRejection(error: UpstreamError, outcome: GraphQLErrorExtensions = {}): GraphQLError {
  const { code, message } = failureOf(error);
  const { kind, status, traceId, retryAfterSeconds } = error;
  const isTemporary = status === 429 || kind === 'not-recorded' || kind === 'in-progress';
  const retryAfter = retryAfterSeconds ?? (isTemporary ? 1 : undefined);
  const upstreamStatus = kind === 'status' ? status : undefined;
  return rejection(code, message, { upstreamStatus, traceId, retryAfter, ...outcome });
}
