import type { Call, Scope, SendOnce } from './attempt.ts';
import { cancelledError, raceCancel, sleep } from './cancellation.ts';
import { isUnauthenticated } from './parse-response.ts';
import type { HttpResponse } from './transport.ts';
import { UpstreamError } from './upstream-error.ts';

interface SendOptions {
  /** Attempts of a read after the first. */
  readonly retries: number;
  /** A longer `Retry-After` is not waited for: the caller gets it instead. */
  readonly retryAfterMaxMs: number;
}

interface SendDependencies {
  readonly sendOnce: SendOnce;
  readonly retryBudget: RetryBudget;
  readonly random: () => number;
}

/** Makes one call for `scope` and resolves to its 2xx answer. Rejects only with `UpstreamError` or `AuthError`. */
export type Send = (scope: Scope, call: Call) => Promise<HttpResponse>;

/**
 * The one owner of attempts and back-off. A read may be sent again; a write never is: a second POST is a second token,
 * and a client whose outcome is reported as unknown can look.
 */
export function createSend({ retries, retryAfterMaxMs }: SendOptions, dependencies: SendDependencies): Send {
  const { sendOnce, retryBudget, random } = dependencies;

  /** How long to wait before the next attempt, or undefined when `error` is final. */
  const retryDelayMs = (error: unknown, attempt: number, remainingMs: number): number | undefined => {
    if (attempt >= retries || !(error instanceof UpstreamError) || !isRetryable(error)) return undefined;
    // Free and at once: each such connection has carried an answer, so these repeats are never more than the answers.
    if (error.staleConnection) return 0;
    const askedMs = (error.retryAfterSeconds ?? 0) * 1000;
    if (askedMs > retryAfterMaxMs) return undefined;
    const delayMs = Math.max(askedMs, backoffMs(attempt, random));
    return delayMs < remainingMs && retryBudget.take() ? delayMs : undefined;
  };

  /** Does not start a sign-in for a request that is over. */
  const authorize = async ({ credential, deadline: { cancellation } }: Scope): Promise<string> => {
    if (cancellation.reason) throw cancelledError(cancellation, false);
    return raceCancel(credential.authorization(), cancellation);
  };

  const readWith = async (scope: Scope, call: Call, authorization: string): Promise<HttpResponse> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await sendOnce(scope, call, authorization, attempt);
      } catch (error) {
        const delayMs = retryDelayMs(error, attempt, scope.deadline.remainingMs());
        if (delayMs === undefined) throw error;
        await sleep(delayMs, scope.deadline.cancellation);
      }
    }
  };

  const read = async (scope: Scope, call: Call): Promise<HttpResponse> => {
    const authorization = await authorize(scope);
    try {
      return await readWith(scope, call, authorization);
    } catch (error) {
      if (!(error instanceof UpstreamError) || !isUnauthenticated(error)) throw error;
      const other = await raceCancel(scope.credential.renew(authorization), scope.deadline.cancellation);
      if (other === undefined) throw error;
      return readWith(scope, call, other);
    }
  };

  const write = async (scope: Scope, call: Call): Promise<HttpResponse> => {
    const authorization = await authorize(scope);
    try {
      return await sendOnce(scope, call, authorization, 0);
    } catch (error) {
      // For whoever comes next. This write is not repeated, so nobody waits for the outcome.
      if (error instanceof UpstreamError && isUnauthenticated(error)) {
        scope.credential.renew(authorization).catch(() => {});
      }
      throw error;
    }
  };

  return (scope, call) => (call.method === 'GET' ? read(scope, call) : write(scope, call));
}

const RETRIED_STATUS = new Set([429, 502, 503, 504]);

/** Whether asking again may help. Not on 500: the API answers it for what repeats. */
export function isRetryable({ kind, status }: UpstreamError): boolean {
  if (kind === 'status') return RETRIED_STATUS.has(status ?? 0);
  return kind === 'unavailable' || kind === 'timeout';
}

/** Full jitter: anything from 0 to 200 ms before the first retry, to 400 ms before the second. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * 200 * 2 ** attempt;
}

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in seconds: a number or an HTTP date. Undefined when absent, malformed or in
 * the past.
 */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) || date <= nowMs || /^-?\d/.test(value)
    ? undefined
    : Math.ceil((date - nowMs) / 1000);
}

/** How many retries the whole process may send: without it an outage triples the load on what is already down. */
export interface RetryBudget {
  /** Takes one retry out of the budget; false when none is left. */
  take(): boolean;
}

export function createRetryBudget({
  size,
  perSecond,
  now,
}: {
  size: number;
  perSecond: number;
  now: () => number;
}): RetryBudget {
  let left = size;
  let at = now();
  return {
    take() {
      const time = now();
      left = Math.min(size, left + ((time - at) / 1000) * perSecond);
      at = time;
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
