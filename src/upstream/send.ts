import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Call, Scope, SendOnce } from './attempt.ts';
import { raceCancel } from './cancellation.ts';
import { isFromProxy, isUnauthenticated, UpstreamError } from './upstream-error.ts';

interface SendOptions extends Pick<Config['upstream'], 'retries' | 'retryAfterMaxMs'> {
  readonly sendOnce: SendOnce;
  /** Takes one retry from the budget of the process; false when none is left. */
  readonly takeRetry: () => boolean;
  readonly random: () => number;
}

/** Makes one call for `scope` and resolves to the value of its response. Rejects only with `UpstreamError` or `AuthError`. */
export type Send = <Value>(scope: Scope, call: Call<Value>) => Promise<Value>;

/**
 * The only place that decides about retries and back-off. A read may be sent again. A write never is, because a second POST
 * creates a second token. The client learns that the outcome is unknown and can look it up.
 */
export function createSend({ retries, retryAfterMaxMs, sendOnce, takeRetry, random }: SendOptions): Send {
  /** How long to wait before the next attempt, or undefined when `error` is final. */
  const retryDelayMs = (error: unknown, attempt: number, remainingMs: number): number | undefined => {
    if (attempt >= retries || !(error instanceof UpstreamError) || !isRetryable(error)) return undefined;
    // At once and without budget: a stale connection has carried a response before, so there are never more such retries
    // than responses.
    if (error.staleConnection) return 0;
    const retryAfterMs = (error.retryAfterSeconds ?? 0) * 1000;
    // A longer `Retry-After` is passed to the caller instead.
    if (retryAfterMs > retryAfterMaxMs) return undefined;
    const delayMs = Math.max(retryAfterMs, backoffMs(attempt, random));
    return delayMs < remainingMs && takeRetry() ? delayMs : undefined;
  };

  const readUntilFinal = async <Value>(
    scope: Scope,
    call: Call<Value>,
    sent: { authorization: string },
  ): Promise<Value> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await sendOnce(scope, call, attempt, sent);
      } catch (error) {
        const delayMs = retryDelayMs(error, attempt, scope.deadline.remainingMs());
        if (delayMs === undefined) throw error;
        await raceCancel(setTimeout(delayMs, undefined, { ref: false }), scope.deadline.cancellation);
      }
    }
  };

  const read: Send = async (scope, call) => {
    const { credential, deadline } = scope;
    const sent = { authorization: '' };
    try {
      return await readUntilFinal(scope, call, sent);
    } catch (error) {
      if (!(error instanceof UpstreamError) || !isUnauthenticated(error)) throw error;
      const other = await raceCancel(credential.renew(sent.authorization), deadline.cancellation);
      if (other === undefined) throw error;
      return readUntilFinal(scope, call, sent);
    }
  };

  const write: Send = async (scope, call) => {
    const sent = { authorization: '' };
    try {
      return await sendOnce(scope, call, 0, sent).catch((error) => {
        // The connection broke before the first byte of the write, so this sends it for the first time.
        if (error.staleConnection && !error.requestSent) return sendOnce(scope, call, 1, sent);
        throw error;
      });
    } catch (error) {
      // The renewal is for later calls. This write is not repeated, so it does not wait.
      if (error instanceof UpstreamError && isUnauthenticated(error)) {
        scope.credential.renew(sent.authorization).catch(() => {});
      }
      throw error;
    }
  };

  return (scope, call) => (call.method === 'GET' ? read(scope, call) : write(scope, call));
}

/** Whether a retry may help. Not on 500, which the API returns for errors that repeat. */
function isRetryable(error: UpstreamError): boolean {
  const { kind, status, isSignIn } = error;
  if (isSignIn) return false;
  if (kind === 'status') return status === 429 || isFromProxy(error);
  return kind === 'unavailable' || kind === 'timeout';
}

/** Full jitter: 0 to 200 ms before the first retry, 0 to 400 ms before the second. */
function backoffMs(attempt: number, random: () => number): number {
  return random() * 200 * 2 ** attempt;
}
