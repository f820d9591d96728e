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

/** How long work may still take, and whether anybody still waits for it. */
export interface Deadline {
  /** When the time is up, or earlier when the client disconnects. */
  readonly cancellation: Cancellation;
  /** When the time is up, and not when the client disconnects: for what must go on without it. */
  readonly expired: Cancellation;
  /** Milliseconds left; never negative. */
  remainingMs(): number;
}

/** The deadline of one GraphQL operation. */
export interface RequestDeadline extends Deadline {
  /** The client is gone: stop reading for it. */
  abandon(): void;
  /** The answer is out: stop the clock. */
  end(): void;
}

/** The deadlines that are running. */
export interface Deadlines {
  /** Starts the deadline of a request that arrived `elapsedMs` ago. */
  start(elapsedMs?: number): RequestDeadline;
  /** Ends them all now, so that whoever waits gets an answer while there is somebody to give it. */
  expireAll(): void;
}

/** Each `totalMs` long. Call `end` when the request is over. */
export function createDeadlines(totalMs: number): Deadlines {
  const running = new Set<() => void>();
  return {
    start: (elapsedMs = 0) => startDeadline(Math.max(0, totalMs - elapsedMs), running),
    expireAll() {
      for (const expire of running) expire();
    },
  };
}

function startDeadline(totalMs: number, running: Set<() => void>): RequestDeadline {
  const cancellation = createCancellation();
  const expired = createCancellation();
  const endsAt = performance.now() + totalMs;
  const expire = () => {
    expired.cancel('timeout');
    cancellation.cancel('timeout');
  };
  // At once rather than by a timer: nothing must be sent with no time left.
  if (totalMs <= 0) expire();
  const timer = setTimeout(expire, totalMs);
  running.add(expire);
  return {
    cancellation,
    expired,
    remainingMs: () => (expired.reason ? 0 : Math.max(0, endsAt - performance.now())),
    abandon: () => cancellation.cancel('aborted'),
    end() {
      clearTimeout(timer);
      running.delete(expire);
    },
  };
}
