const TICK_MS = 5;

/**
 * Starts to measure the time in which this process could run, and returns a function that stops and returns it, in
 * milliseconds. For upper bounds: on a busy machine a process waits for a processor, which is no slowness of what is
 * tested. A timer adds up short intervals. One that took longer than two ticks counts as two, or as the CPU time that
 * was used in it.
 */
export function startStopwatch(): () => number {
  let ms = 0;
  let at = performance.now();
  let cpu = process.cpuUsage();
  const add = () => {
    const wallMs = performance.now() - at;
    const { user, system } = process.cpuUsage(cpu);
    at += wallMs;
    cpu = process.cpuUsage();
    ms += Math.min(wallMs, Math.max(2 * TICK_MS, (user + system) / 1000));
  };
  const timer = setInterval(add, TICK_MS).unref();
  return () => {
    clearInterval(timer);
    add();
    return Math.round(ms);
  };
}

/** What `work` resolves to, and how long that took: `ms` by the clock, `ownMs` as `startStopwatch` measures it. */
export async function timed<Value>(
  work: Promise<Value>,
): Promise<{ value: Value; ms: number; ownMs: number }> {
  const startedAt = performance.now();
  const stop = startStopwatch();
  const value = await work;
  return { value, ms: performance.now() - startedAt, ownMs: stop() };
}
