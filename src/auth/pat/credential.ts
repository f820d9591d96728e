import { explainConnectionFailure } from '../../connection-failure.ts';
import { createWarnLimit } from '../../telemetry/failures.ts';
import type { UpstreamCredential } from '../../upstream/attempt.ts';
import { isAboutTiming, meaningOf, UpstreamError } from '../../upstream/upstream-error.ts';
import { type AuthDependencies, AuthError, sha256 } from '../authenticator.ts';
import { describeClock } from '../json-request.ts';
import { type AccessToken, createSignIn, type PatOptions } from './sign-in.ts';

interface HeldToken extends AccessToken {
  readonly signedInAtMs: number;
  /** The value of `Authorization`. */
  readonly header: string;
  /** From this time on, the next caller starts a refresh in the background. */
  readonly refreshFromMs: number;
  /** Set when it replaced a value that IAM had rejected. */
  renewedAtMs?: number;
}

const MIN_INTERVAL_MS = 1000;
const MAX_RETRY_AFTER_MS = 20_000;

/**
 * The gateway's own credential, from a personal access token. Invariants:
 * - One sign-in runs at a time, however many callers wait for it.
 * - A caller waits only when there is no usable value: a value that expires soon is used while a new one is fetched.
 * - A failure is reported to all callers within a second of it, so that an outage or a wrong key costs one attempt a
 *   second; longer where `Retry-After` says so. The same holds for a value that IAM rejects as soon as it is made.
 * - Within a second of its sign-in a value is used to its very end, so that short lifetimes cause no more sign-ins.
 * - There are no timers: an idle gateway does not sign in, and at the end only `closing` has to be cancelled.
 * `random`, from 0 to 1, spreads the refreshes of many replicas.
 */
export function createPatCredential(
  options: PatOptions,
  dependencies: AuthDependencies,
  random = Math.random,
): UpstreamCredential {
  const { steadyClock, log, onSignIn, closing } = dependencies;
  const signIn = createSignIn(options, dependencies);
  let held: HeldToken | undefined;
  let refreshing: Promise<HeldToken> | undefined;
  let lastFailure: { readonly error: unknown; readonly atMs: number; readonly forMs: number } | undefined;
  const mayWarn = createWarnLimit();

  function refresh(): Promise<HeldToken> {
    if (refreshing !== undefined) return refreshing;
    if (isRecent(lastFailure?.atMs, lastFailure?.forMs)) return Promise.reject(lastFailure?.error);
    if (held !== undefined && isRecent(held.signedInAtMs)) return Promise.resolve(held);
    refreshing = signInAgain().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  async function signInAgain(): Promise<HeldToken> {
    try {
      const token = await signIn.run();
      held = toHeld(token, steadyClock(), random());
      lastFailure = undefined;
      onSignIn?.('ok');
      const { lifetimeSeconds } = token;
      log.info({ credential: options.credential, lifetimeSeconds }, 'signed in to IAM');
      return held;
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      const retryAfterMs = Math.min((error.retryAfterSeconds ?? 0) * 1000, MAX_RETRY_AFTER_MS);
      const forMs = Math.max(MIN_INTERVAL_MS, retryAfterMs);
      const failure = toSignInFailure(error, forMs / 1000);
      lastFailure = { error: failure, atMs: steadyClock(), forMs };
      report(error);
      throw failure;
    }
  }

  function report(error: UpstreamError): void {
    const { kind, status, iamName, traceId, clockAheadSeconds, message: reason, code } = error;
    const explanation =
      code === undefined ? undefined : explainConnectionFailure(code, 'TOKEN_ENDPOINT and API_GATEWAY_URL');
    onSignIn?.('failed', explanation?.problem ?? problemOf(error));
    if (!closing.reason && mayWarn(reason))
      log.warn(
        { kind, status, iamName, traceId, clockAheadSeconds, reason, ...explanation },
        'signing in to IAM did not work',
      );
  }

  function isRecent(atMs: number | undefined, withinMs = MIN_INTERVAL_MS): boolean {
    return atMs !== undefined && steadyClock() - atMs < withinMs;
  }

  function authorization(): string | Promise<string> {
    const now = steadyClock();
    if (held === undefined || now >= held.usableUntilMs) return refresh().then(({ header }) => header);
    // `signInAgain` logs the failure.
    if (now >= held.refreshFromMs) refresh().catch(() => {});
    return held.header;
  }

  /** Whether a new value would be rejected as well: this one was just renewed, or lived for less than a second. */
  function isRenewalUseless({ endsAtMs, signedInAtMs, renewedAtMs }: HeldToken): boolean {
    return isRecent(renewedAtMs) || (steadyClock() >= endsAtMs && isRecent(signedInAtMs));
  }

  async function renew(rejected: string): Promise<string | undefined> {
    if (held?.header === rejected) {
      if (isRenewalUseless(held)) return undefined;
      held = undefined;
      // The user token comes from the same sign-in, and IAM may have revoked the whole session, so it is not reused.
      signIn.dropUserToken();
    } else if (held !== undefined && steadyClock() < held.usableUntilMs) {
      // Another call has renewed it meanwhile.
      return held.header;
    }
    const token = await refresh();
    token.renewedAtMs = steadyClock();
    return token.header === rejected ? undefined : token.header;
  }

  const { tokenEndpoint, tokenId, projectId, credential } = options;
  return {
    identity: sha256(JSON.stringify([tokenEndpoint, tokenId, projectId, credential])),
    isOwn: true,
    authorization,
    renew,
  };
}

/** The refresh starts one to two minutes before the end, or in the second half of a short lifetime. */
function toHeld(token: AccessToken, signedInAtMs: number, random: number): HeldToken {
  const { usableUntilMs, value } = token;
  const aheadMs = Math.min(60_000 * (1 + random), (usableUntilMs - signedInAtMs) / 2);
  return { ...token, signedInAtMs, header: `Bearer ${value}`, refreshFromMs: usableUntilMs - aheadMs };
}

/**
 * The error of a call whose sign-in failed. A rejected sign-in becomes an error for the operator, because the token
 * endpoint's 401 or 404 would read as an error of the caller or as "no such token". All other failures are marked as a call
 * that was not sent.
 */
function toSignInFailure(error: UpstreamError, retryAfterSeconds: number): Error {
  const { kind, iamName, clockAheadSeconds } = error;
  const status = meaningOf(error);
  if (kind === 'status' && status !== undefined && status < 500 && !isAboutTiming(status)) {
    const message =
      clockAheadSeconds === undefined
        ? 'The gateway could not sign in to IAM. Ask its operator to check its personal access token.'
        : `The gateway could not sign in to IAM, and ${describeClock(clockAheadSeconds)}. Ask its operator to set the clock.`;
    return new AuthError('sign-in-rejected', message, iamName ?? String(status));
  }
  return new UpstreamError(kind, error.message, {
    ...error,
    retryAfterSeconds,
    requestSent: false,
    isSignIn: true,
  });
}

/** Why a sign-in failed, in a few words for `/readyz`, where no code of the connection says it. */
function problemOf({ status, kind }: UpstreamError): string {
  if (kind === 'invalid-response' && (status ?? 200) < 300) return 'a response without a token';
  return status === undefined ? kind : `HTTP ${status}`;
}
