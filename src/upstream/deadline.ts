import { setMaxListeners } from 'node:events';
import { UpstreamError } from './error.ts';

/** How long one GraphQL request may still take, and whether anybody still waits for it. */
export interface Deadline {
  /** Aborts when the time is up, or earlier when the client disconnects. */
  readonly signal: AbortSignal;
  /** Aborts when the time is up, and not when the client disconnects: for what must go on without it. */
  readonly expired: AbortSignal;
  /** Milliseconds left; never negative. */
  remainingMs(): number;
  /** The client is gone: stop reading for it. */
  abandon(): void;
  /** The answer is out: stop the clock. */
  end(): void;
}

/** The deadlines that are running. */
export interface Deadlines {
  start(): Deadline;
  /** Ends them all now, so that whoever waits gets an answer while there is somebody to give it. */
  expireAll(): void;
}

/** Each `totalMs` long. Call `end` when the request is over. */
export function createDeadlines(totalMs: number): Deadlines {
  const running = new Set<() => void>();
  return {
    start: () => startDeadline(totalMs, running),
    expireAll() {
      for (const expire of running) expire();
    },
  };
}

function startDeadline(totalMs: number, running: Set<() => void>): Deadline {
  const controller = createController();
  const expiry = createController();
  const endsAt = performance.now() + totalMs;
  const expire = () => {
    expiry.abort('timeout');
    controller.abort('timeout');
  };
  const timer = setTimeout(expire, totalMs);
  running.add(expire);
  return {
    signal: controller.signal,
    expired: expiry.signal,
    remainingMs: () => (expiry.signal.aborted ? 0 : Math.max(0, endsAt - performance.now())),
    abandon: () => controller.abort('aborted'),
    end() {
      clearTimeout(timer);
      running.delete(expire);
    },
  };
}

/** One listener for each call under way: that they are many is no leak. */
function createController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
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
