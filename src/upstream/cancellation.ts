import { UpstreamError } from './upstream-error.ts';

/** Why work is cancelled: its time is up, or the client that waited for it has disconnected. */
export type CancellationReason = 'timeout' | 'aborted';

/**
 * Signals that the result of work is no longer needed. Like an AbortSignal, but not an EventTarget: a list of tokens with
 * their projects adds fifty listeners, which would cost more than the calls themselves.
 */
export interface Cancellation {
  /** Undefined until the work is cancelled. */
  readonly reason: CancellationReason | undefined;
  /** Calls `listener` once, when the work is cancelled; never, if it already is. Returns a function that removes it. */
  onCancel(listener: () => void): () => void;
}

/** A cancellation for the one who may cancel the work. */
export class CancellationSource implements Cancellation {
  reason: CancellationReason | undefined;
  #listeners: (() => void)[] = [];

  onCancel(listener: () => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  /** Cancels the work. Further calls have no effect. */
  cancel(reason: CancellationReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** The error that cancelled work rejects with. */
export function cancelledError({ reason }: Cancellation, requestSent: boolean): UpstreamError {
  return reason === 'timeout'
    ? new UpstreamError('timeout', 'the request deadline passed', { requestSent })
    : new UpstreamError('aborted', 'the client left', { requestSent });
}

/**
 * The result of `work`, or a rejection as soon as the wait for it is cancelled. `work` goes on, since others may wait for
 * it. `work` gets a rejection handler even if the wait is already cancelled, because Node.js ends the process when a
 * promise without one is rejected.
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

/** The remaining time of work, and whether anything still waits for it. */
export interface Deadline {
  /** Cancelled when the time is up, or earlier when the client disconnects. */
  readonly cancellation: Cancellation;
  /** Cancelled when the time is up, but not when the client disconnects: for work that must continue without it. */
  readonly expired: Cancellation;
  /** Milliseconds left; never negative. */
  remainingMs(): number;
}

/** The deadline of one GraphQL operation. */
export interface RequestDeadline extends Deadline {
  /** Call when the client has disconnected: cancels its reads. */
  abandon(): void;
  /** Call when the response is sent: stops the timer. */
  end(): void;
}

export type Deadlines = ReturnType<typeof createDeadlines>;

/** A deadline and its index in the list of those that run. */
interface RunningDeadline {
  at: number;
  readonly expire: () => void;
}

/** Creates deadlines of `totalMs` each. Call `end` of a deadline when its request is over. */
export function createDeadlines(totalMs: number) {
  // A list instead of a Set: V8 replaces the table of a Set that every request changes again and again, and each old table
  // keeps the next one and its entries alive until the next major GC. That took a third of the CPU time of small requests.
  const running: RunningDeadline[] = [];
  let isOver = false;
  return {
    /** Starts the deadline of a request that arrived `elapsedMs` ago. After `expireAll` it has expired already. */
    start: (elapsedMs = 0) => startDeadline(isOver ? 0 : Math.max(0, totalMs - elapsedMs), running),
    /** The number of running deadlines. A deadline runs until its request is over, also after its client has left. */
    count: () => running.length,
    /**
     * Expires all of them now, so that clients get an error response before the process ends, and those that start later: a
     * request that arrives now must not send a write whose outcome nobody would learn.
     */
    expireAll(): void {
      isOver = true;
      for (const { expire } of [...running]) expire();
    },
  };
}

function startDeadline(totalMs: number, running: RunningDeadline[]): RequestDeadline {
  const cancellation = new CancellationSource();
  const expired = new CancellationSource();
  const endsAt = performance.now() + totalMs;
  const expire = () => {
    expired.cancel('timeout');
    cancellation.cancel('timeout');
  };
  // Cancelled at once instead of by a timer, because nothing must be sent when no time is left.
  if (totalMs <= 0) expire();
  // Runs after pending I/O events: a response that arrived while the event loop was blocked is in time.
  const timer = setTimeout(() => setImmediate(expire), totalMs);
  const entry = { at: running.length, expire };
  running.push(entry);
  return {
    cancellation,
    expired,
    remainingMs: () => (expired.reason ? 0 : Math.max(0, endsAt - performance.now())),
    abandon: () => cancellation.cancel('aborted'),
    end() {
      clearTimeout(timer);
      if (running[entry.at] !== entry) return;
      // The last deadline in the list takes the place of this one.
      const last = running.pop() as RunningDeadline;
      if (last === entry) return;
      running[entry.at] = last;
      last.at = entry.at;
    },
  };
}
