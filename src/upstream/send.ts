import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Call, CallQueue, Scope, SendOnce } from './attempt.ts';
import { type Cancellation, cancelledError, raceCancel } from './cancellation.ts';
import { isAboutTiming, isFromProxy, meaningOf, UpstreamError } from './upstream-error.ts';

interface SendOptions extends Pick<Config['upstream'], 'retries' | 'retryAfterMaxMs'> {
  readonly acquireSlot: ReturnType<typeof createConcurrencyLimiter>;
  readonly sendOnce: SendOnce;
  /** Takes one retry from the budget of the process; false when none is left. */
  readonly takeRetry: () => boolean;
  readonly random: () => number;
}

/** Makes one call for `scope` and resolves to the value of its response. Rejects only with `UpstreamError` or `AuthError`. */
export type Send = <Value>(scope: Scope, call: Call<Value>) => Promise<Value>;

/** Renews the credential that IAM rejected. Resolves to another one if the call is to be repeated with it. */
type Renew = (rejected: string) => Promise<string | undefined>;
type Attempt = <Value>(scope: Scope, call: Call<Value>, attempt: number, renew: Renew) => Promise<Value>;

/**
 * The only place that decides about retries and back-off. A read may be sent again. A write never is, because a second POST
 * creates a second token. The client learns that the outcome is unknown and can look it up.
 */
export function createSend(options: SendOptions): Send {
  const { retries, retryAfterMaxMs, acquireSlot, sendOnce, takeRetry, random } = options;

  /** How long to wait before the next attempt of a read, or undefined when `error` is final. */
  const retryDelayMs = (error: unknown, attempt: number, remainingMs: number): number | undefined => {
    if (attempt >= retries || !(error instanceof UpstreamError) || !isRetryable(error)) return undefined;
    // At once and without budget: a stale connection has carried a response before, so there are never more such retries
    // than responses.
    if (error.staleConnection) return 0;
    const retryAfterMs = (error.retryAfterSeconds ?? 0) * 1000;
    // A longer `Retry-After` is passed to the caller instead.
    if (retryAfterMs > retryAfterMaxMs) return undefined;
    // Full jitter: 0 to 200 ms before the first retry, 0 to 400 ms before the second.
    const delayMs = Math.max(retryAfterMs, random() * 200 * 2 ** attempt);
    return delayMs < remainingMs && takeRetry() ? delayMs : undefined;
  };

  /** Makes one attempt with the credential in use, and after a 401 another with the one that `renew` resolves to. */
  const sendSigned: Attempt = async (scope, call, attempt, renew) => {
    const { credential, deadline } = scope;
    const authorization = await raceCancel(credential.authorization(), deadline.cancellation);
    // When this process was suspended, the deadline may have passed although its timer has not run yet.
    if (deadline.remainingMs() <= 0)
      throw new UpstreamError('timeout', 'the request deadline passed', { requestSent: false });
    try {
      return await sendOnce(scope, call, authorization, attempt);
    } catch (error) {
      const renewed = isUnauthenticated(error) ? await renew(authorization) : undefined;
      if (renewed === undefined) throw error;
      return sendOnce(scope, call, renewed, attempt);
    }
  };

  /**
   * Makes one attempt when a slot is free. After a 401 the slot is kept until the renewal has begun, so that the next call
   * waits for the new credential.
   */
  const sendInTurn: Attempt = async (scope, call, attempt, renew) => {
    const { cancellation } = scope.deadline;
    const acquired = acquireSlot(scope.queue, cancellation);
    const release = acquired instanceof Promise ? await acquired : acquired;
    try {
      // No sign-in is started for a request that is over.
      if (cancellation.reason) throw cancelledError(cancellation, false);
      return await sendSigned(scope, call, attempt, renew);
    } finally {
      release();
    }
  };

  const read: Send = async (scope, call) => {
    const { cancellation, remainingMs } = scope.deadline;
    let isRenewed = false;
    const renewOnce = async (rejected: string) => {
      if (isRenewed) return undefined;
      isRenewed = true;
      return raceCancel(scope.credential.renew(rejected), cancellation);
    };
    for (let attempt = 0; ; attempt++) {
      try {
        return await sendInTurn(scope, call, attempt, renewOnce);
      } catch (error) {
        const delayMs = retryDelayMs(error, attempt, remainingMs());
        if (delayMs === undefined) throw error;
        await raceCancel(setTimeout(delayMs, undefined, { ref: false }), cancellation);
      }
    }
  };

  const write: Send = (scope, call) => {
    // The renewal is for later calls: this write is not repeated, so it does not wait.
    const renewForLater = async (rejected: string) => {
      scope.credential.renew(rejected).catch(() => undefined);
      return undefined;
    };
    return sendInTurn(scope, call, 0, renewForLater).catch((error) => {
      // The connection broke before the first byte of the write, so this sends it for the first time.
      if (error.staleConnection && !error.requestSent) return sendInTurn(scope, call, 1, renewForLater);
      throw error;
    });
  };

  return (scope, call) => (call.method === 'GET' ? read(scope, call) : write(scope, call));
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof UpstreamError && meaningOf(error) === 401;
}

/** Whether a retry may help. Not on 500, which IAM returns for errors that repeat. */
function isRetryable(error: UpstreamError): boolean {
  const { kind, status, isSignIn } = error;
  if (isSignIn) return false;
  if (kind === 'status') return isAboutTiming(status) || isFromProxy(error);
  return kind === 'unavailable' || kind === 'timeout';
}

/**
 * At most `total` calls at once in this process, and `perRequest` in one queue. Queues with waiting calls are served round
 * robin, so a request with fifty calls does not hold up one with a single call.
 */
export function createConcurrencyLimiter({ total, perRequest }: { total: number; perRequest: number }) {
  // Queues with a call that may start as soon as a slot is free, in round-robin order.
  const ready = new Set<CallQueue>();
  let running = 0;

  const refresh = (queue: CallQueue) => {
    if (queue.waiting.length > 0 && queue.running < perRequest) ready.add(queue);
    else ready.delete(queue);
  };
  const start = (queue: CallQueue): (() => void) => {
    running++;
    queue.running++;
    return () => {
      running--;
      queue.running--;
      refresh(queue);
      startNext();
    };
  };
  const startNext = () => {
    while (running < total) {
      const [queue] = ready;
      if (!queue) return;
      ready.delete(queue);
      queue.waiting.shift()?.start();
      refresh(queue);
    }
  };

  /**
   * Returns the function that releases the slot, or a promise of it while no slot is free. Call it once, when the call is
   * over.
   */
  return (queue: CallQueue, cancellation: Cancellation): (() => void) | Promise<() => void> => {
    if (running < total && queue.running < perRequest && queue.waiting.length === 0) return start(queue);
    return new Promise((resolve, reject) => {
      if (cancellation.reason) return reject(cancelledError(cancellation, false));
      const call = {
        start() {
          removeListener();
          resolve(start(queue));
        },
      };
      const removeListener = cancellation.onCancel(() => {
        queue.waiting.splice(queue.waiting.indexOf(call), 1);
        refresh(queue);
        reject(cancelledError(cancellation, false));
      });
      queue.waiting.push(call);
      refresh(queue);
    });
  };
}
