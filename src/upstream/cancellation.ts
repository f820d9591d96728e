import { UpstreamError } from './upstream-error.ts';

/** Why work is cancelled: its time is up, or the client that waited for it has left. */
export type CancellationReason = 'timeout' | 'aborted';

/**
 * Tells work that its result is not needed any more. It does what an AbortSignal does without being an EventTarget: a
 * list of tokens with their projects listens fifty times, and those listeners would cost more than many a call.
 */
export interface Cancellation {
  /** Undefined until the work is cancelled. */
  readonly reason: CancellationReason | undefined;
  /** Calls `listener` once, when the work is cancelled; never, if it already is. Returns a function that removes it. */
  onCancel(listener: () => void): () => void;
}

export interface CancellationSource extends Cancellation {
  /** The first reason stays. */
  cancel(reason: CancellationReason): void;
}

export function createCancellation(): CancellationSource {
  let listeners: Set<() => void> | undefined;
  // `reason` is a plain member: an object literal with a getter is slow, and every call has some of these objects.
  const source: { -readonly [Member in keyof CancellationSource]: CancellationSource[Member] } = {
    reason: undefined,
    onCancel(listener) {
      listeners ??= new Set();
      listeners.add(listener);
      return () => listeners?.delete(listener);
    },
    cancel(reason) {
      if (source.reason !== undefined) return;
      source.reason = reason;
      const called = listeners ?? [];
      listeners = undefined;
      for (const listener of called) listener();
    },
  };
  return source;
}

/** The error that cancelled work rejects with. */
export function cancelledError({ reason }: Cancellation, requestSent: boolean): UpstreamError {
  return reason === 'timeout'
    ? new UpstreamError('timeout', 'the request deadline passed', { requestSent })
    : new UpstreamError('aborted', 'the client left', { requestSent });
}

/** Resolves after `ms`; rejects as soon as it is cancelled. */
export function sleep(ms: number, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve, reject) => {
    if (cancellation.reason) return reject(cancelledError(cancellation, true));
    const timer = setTimeout(() => {
      removeListener();
      resolve();
    }, ms);
    const removeListener = cancellation.onCancel(() => {
      clearTimeout(timer);
      reject(cancelledError(cancellation, true));
    });
  });
}

/**
 * The result of `work`, or a rejection as soon as the wait for it is cancelled. `work` goes on, since others may wait
 * for it. It has a handler from here on, even if the wait was cancelled before: Node.js ends the process when a promise
 * without one is rejected.
 */
export function raceCancel<Value>(
  work: Value | Promise<Value>,
  cancellation: Cancellation,
): Value | Promise<Value> {
  if (!(work instanceof Promise)) return work;
  return new Promise((resolve, reject) => {
    const cancel = () => reject(cancelledError(cancellation, false));
    const removeListener = cancellation.onCancel(cancel);
    // Settling this promise a second time has no effect.
    work.then(resolve, reject).finally(removeListener);
    if (cancellation.reason) cancel();
  });
}
