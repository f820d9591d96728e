/**
 * Returns a clock for lifetimes, in milliseconds. It runs on when the machine's clock is set back; `Date.now` would make
 * lifetimes longer. It includes the time for which the machine was suspended, which `performance.now` leaves out, unless
 * the clock was set back before.
 */
export function createSteadyClock(): () => number {
  let startMs = Number.NEGATIVE_INFINITY;
  return () => {
    const runningMs = performance.now();
    startMs = Math.max(startMs, Date.now() - runningMs);
    return startMs + runningMs;
  };
}
