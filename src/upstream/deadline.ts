import { setMaxListeners } from 'node:events';
import { UpstreamError } from './error.ts';

/** How long one GraphQL request may still take, and whether anybody still waits for it. */
export interface Deadline {
  /** Aborts at the deadline, or earlier when the client disconnects. */
  readonly signal: AbortSignal;
  /** Milliseconds left; never negative. */
  remainingMs(): number;
  /** The client is gone: stop reading for it. */
  abandon(): void;
  /** The answer is out: stop the clock. */
  end(): void;
}

/** A deadline `totalMs` from now. Call `end` when the request is over. */
export function createDeadline(totalMs: number): Deadline {
  const controller = new AbortController();
  // One listener for each call under way; that they are many is no leak.
  setMaxListeners(0, controller.signal);
  const endsAt = performance.now() + totalMs;
  const timer = setTimeout(() => controller.abort('timeout'), totalMs);
  return {
    signal: controller.signal,
    remainingMs: () => Math.max(0, endsAt - performance.now()),
    abandon: () => controller.abort('aborted'),
    end: () => clearTimeout(timer),
  };
}

/** What work that was stopped by a deadline's `signal` rejects with. */
export function stopped(signal: AbortSignal, requestSent: boolean): UpstreamError {
  return signal.reason === 'timeout'
    ? new UpstreamError('timeout', 'the request deadline passed', { requestSent })
    : new UpstreamError('aborted', 'the caller went away', { requestSent });
}

/** Resolves after `ms`; rejects as soon as `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(stopped(signal, true));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** `work`, or what `signal` says as soon as it aborts. For work that is shared and goes on for others. */
export function within<Value>(work: Value | Promise<Value>, signal: AbortSignal): Value | Promise<Value> {
  if (!(work instanceof Promise)) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(stopped(signal, false));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
