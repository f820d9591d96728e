const MANY_SHEDS = 100;
const SHED_WINDOW_MS = 5_000;
const SHED_CALM_MS = 10_000;

/** Tells a spike from an overload: many requests turned away within seconds. */
export interface ShedWatch {
  add(): void;
  /** Since the start of the process. */
  total(): number;
  /** From the hundredth within five seconds on, until ten seconds after it was last so. */
  areMany(): boolean;
}

export function createShedWatch(clock: () => number): ShedWatch {
  // The last hundred, the oldest at `next`.
  const times = new Float64Array(MANY_SHEDS).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  return {
    add() {
      total++;
      const now = clock();
      times[next] = now;
      next = (next + 1) % MANY_SHEDS;
      if (now - (times[next] as number) <= SHED_WINDOW_MS) until = now + SHED_CALM_MS;
    },
    total: () => total,
    areMany: () => clock() < until,
  };
}

const TICK_MS = 100;
const LATE_MS = 700;
const LATE_CALM_MS = 2_000;

/** Tells when the event loop was blocked: nobody was answered in that time, health checks included. */
export interface LoopWatch {
  start(): void;
  /** Until two seconds after the loop was last that late. */
  isLate(): boolean;
  stop(): void;
}

export function createLoopWatch(clock: () => number = () => performance.now()): LoopWatch {
  let timer: NodeJS.Timeout | undefined;
  let lastTick = 0;
  let until = Number.NEGATIVE_INFINITY;
  const look = () => {
    const now = clock();
    if (timer && now - lastTick - TICK_MS > LATE_MS) until = now + LATE_CALM_MS;
    return now;
  };
  return {
    start() {
      lastTick = clock();
      timer ??= setInterval(() => {
        lastTick = look();
      }, TICK_MS).unref();
    },
    // Asked in the middle of it, the timer has not run yet.
    isLate: () => look() < until,
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
