import type { Call, Scope, SendOnce } from './attempt.ts';
import { cancelledError, raceCancel, sleep } from './cancellation.ts';
import { isUnauthenticated } from './parse-error.ts';
import { backoffMs, isRetryable, type RetryBudget } from './retry-policy.ts';
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
