import { type Cancellation, createCancellation } from './cancellation.ts';

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
