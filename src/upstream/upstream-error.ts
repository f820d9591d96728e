/** An entry of the `details` of an IAM error. Its `value` may echo input, so it is never read. */
export interface ErrorDetail {
  readonly issue: string;
  readonly field?: string;
}

/**
 * - `status`: a response with an error status.
 * - `unavailable`: the connection could not be opened or was lost.
 * - `timeout`: no response in time.
 * - `invalid-response`: the response breaks the contract of IAM (not JSON, too large, wrong shape, a redirect).
 * - `aborted`: the client disconnected.
 * - `not-recorded`: the state that an idempotent create needs cannot be used.
 * - `in-progress`: another request is running that create.
 */
export type UpstreamFailure =
  | 'status'
  | 'unavailable'
  | 'timeout'
  | 'invalid-response'
  | 'aborted'
  | 'not-recorded'
  | 'in-progress';

type Facts = Partial<Omit<UpstreamError, 'name' | 'kind' | 'message' | 'stack'>>;

/**
 * Every failure of a call to IAM or to its token endpoint. `message` is for the log: it names neither URL, host nor
 * credential, and no client ever sees it (`errors.ts` decides what clients see).
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly kind: UpstreamFailure;
  /** HTTP status, when there was a response. */
  readonly status: number | undefined;
  /** `name` of the IAM error body, for example `ActionForbiddenError`. */
  readonly iamName: string | undefined;
  readonly traceId: string | undefined;
  readonly details: readonly ErrorDetail[] = [];
  /** Value of `Retry-After`, or how long the present failure lasts. */
  readonly retryAfterSeconds: number | undefined;
  /** How far this machine's clock is ahead of the server's (behind, if negative), where that may be the cause. */
  readonly clockAheadSeconds: number | undefined;
  /** False only when it is certain that the request was not sent, or that a write was not sent because this read failed. */
  readonly requestSent: boolean = true;
  /** A keep-alive connection was closed as it was used again. That says nothing about the state of the server. */
  readonly staleConnection: boolean = false;
  /**
   * True for a sign-in that failed. Calls are not retried after it, because `pat/credential.ts` decides when to sign in
   * again.
   */
  readonly isSignIn: boolean = false;
  /** True if the request was sent with the gateway's own credential, which no client can replace. */
  readonly hadOwnCredential: boolean = false;
  /** Why there was no response: a code of Node.js or OpenSSL, or `NO_RESPONSE`. Undefined where it says nothing about the server. */
  readonly code: string | undefined;

  constructor(kind: UpstreamFailure, message: string, facts: Facts = {}) {
    super(message, { cause: facts.cause });
    this.kind = kind;
    Object.assign(this, facts);
  }
}

const UNAUTHENTICATED = new Set(['UnauthorizedError', 'InvalidJwtTokenError']);

/** What an error means as a status. Two error names say, under any status, that IAM does not accept the credential: 401. */
export function meaningOf({ status, iamName }: UpstreamError): number | undefined {
  return iamName !== undefined && UNAUTHENTICATED.has(iamName) ? 401 : status;
}

/**
 * Whether the status is about the time of the request and not its content, so that the same request may succeed later. 408
 * is one, because a server sends it on an idle connection that it closes; it then looks like the response to a request that
 * is on its way, which the server does not receive (RFC 9110 section 15.5.9).
 */
export function isAboutTiming(status: number | undefined): boolean {
  return status === 408 || status === 429;
}

/** Statuses of a server in front of IAM, behind which a write may still run. They are retried and mean `UPSTREAM_UNAVAILABLE`. */
const PROXY_STATUSES = new Set([502, 503, 504]);

/** Whether a server in front of IAM responded, because IAM did not. */
export function isFromProxy({ status = 0 }: UpstreamError): boolean {
  return PROXY_STATUSES.has(status);
}

/** The status that redirects to the result of a request that was carried out (RFC 9110 section 15.4.4). */
const SEE_OTHER = 303;

/** Whether the write that failed with `error` may have changed something: not if it was rejected, redirected, or never left. */
export function mayHaveSucceeded({ status = 0, requestSent }: UpstreamError): boolean {
  return requestSent && (status < 300 || status === SEE_OTHER || status >= 500);
}

/** A read that a write depends on: its failures say that the write was not sent. */
export async function beforeWrite<Value>(read: Promise<Value>): Promise<Value> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new UpstreamError(error.kind, error.message, { ...error, cause: error, requestSent: false });
  }
}
