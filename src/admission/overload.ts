const MANY_SHEDS = 100;
const SHED_WINDOW_MS = 5_000;
const SHED_CALM_MS = 10_000;

/** Recognises an overload, which is many requests shed within seconds, and no short spike. `clock` is in milliseconds. */
export function createShedWatch(clock = () => performance.now()) {
  // The last hundred, the oldest at `next`.
  const times = new Float64Array(MANY_SHEDS).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  return {
    add(): void {
      total++;
      const now = clock();
      times[next] = now;
      next = (next + 1) % MANY_SHEDS;
      if (now - (times[next] as number) <= SHED_WINDOW_MS) until = now + SHED_CALM_MS;
    },
    /** Since the start of the process. */
    total: () => total,
    /** True from the hundredth shed request within five seconds until ten seconds after the last such moment. */
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
export function createLoopWatch(clock = () => performance.now()) {
  let timer: NodeJS.Timeout | undefined;
  let lastTick = 0;
  let until = Number.NEGATIVE_INFINITY;
  const look = () => {
    const now = clock();
    if (timer && now - lastTick - TICK_MS > LATE_MS) until = now + LATE_CALM_MS;
    return now;
  };
  return {
    start(): void {
      lastTick = clock();
      timer ??= setInterval(() => {
        lastTick = look();
      }, TICK_MS).unref();
    },
    /** True until two seconds after the last time the loop was late. Compares with now: a blocked timer has not run yet. */
    isLate: () => look() < until,
    stop(): void {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
