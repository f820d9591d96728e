const MANY_SHEDS = 100;
const SHED_WINDOW_MS = 5_000;
const SHED_CALM_MS = 10_000;

/** Detects an overload: many requests shed within seconds, not just a short spike. `clock` is in milliseconds. */
export function createShedDetector(clock = () => performance.now()) {
  // The times of the latest sheds, the oldest first; fewer than a hundred.
  const times: number[] = [];
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  return {
    add(): void {
      total++;
      const now = clock();
      if (times.push(now) < MANY_SHEDS) return;
      if (now - (times.shift() as number) <= SHED_WINDOW_MS) until = now + SHED_CALM_MS;
    },
    /** Since the start of the process. */
    total: () => total,
    /** True when a hundred requests were shed within five seconds, and for ten seconds after that was last the case. */
    areMany: () => clock() < until,
  };
}

const TICK_MS = 100;
const LATE_MS = 700;
const LATE_CALM_MS = 2_000;

/**
 * Detects that the event loop was blocked: in that time no request gets a response, health checks included. `clock` is in
 * milliseconds.
 */
export function createLoopMonitor(clock = () => performance.now()) {
  let timer: NodeJS.Timeout | undefined;
  let lastTick = 0;
  let until = Number.NEGATIVE_INFINITY;
  const checkTime = () => {
    const now = clock();
    if (timer && now - lastTick - TICK_MS > LATE_MS) until = now + LATE_CALM_MS;
    return now;
  };
  return {
    start(): void {
      lastTick = clock();
      timer ??= setInterval(() => {
        lastTick = checkTime();
      }, TICK_MS).unref();
    },
    /**
     * True until two seconds after the last time the loop was late. Also compares with the present time, because a timer
     * that is blocked has not run yet.
     */
    isLate: () => checkTime() < until,
    stop(): void {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
