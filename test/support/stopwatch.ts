import { readFileSync } from 'node:fs';

const TICK_MS = 5;

/**
 * Starts to measure the time in which this process could run, and returns a function that stops and returns it, in
 * milliseconds. For upper bounds: on a busy machine a process waits for a processor, which is no slowness of what is
 * tested. A timer adds up short intervals. One that took longer than two ticks counts as two, or as the CPU time that
 * was used in it. With `pid`, the time in which that process waited for a processor does not count either.
 */
export function startStopwatch(pid?: number): () => number {
  let ms = 0;
  let at = performance.now();
  let cpu = process.cpuUsage();
  let waited = waitedMs(pid);
  const add = () => {
    const wallMs = performance.now() - at;
    const { user, system } = process.cpuUsage(cpu);
    at += wallMs;
    cpu = process.cpuUsage();
    const waitedBefore = waited;
    waited = waitedMs(pid);
    // Both may have waited at the same time.
    ms += Math.max(
      0,
      Math.min(wallMs - (waited - waitedBefore), Math.max(2 * TICK_MS, (user + system) / 1000)),
    );
  };
  const timer = setInterval(add, TICK_MS).unref();
  return () => {
    clearInterval(timer);
    add();
    return Math.round(ms);
  };
}

/** How long the main thread of a process has waited for a processor so far; 0 when the process has ended. */
function waitedMs(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** What `work` resolves to, and how long that took: `ms` by the clock, `ownMs` as `startStopwatch` measures it. */
export async function timed<Value>(
  work: Promise<Value>,
  pid?: number,
): Promise<{ value: Value; ms: number; ownMs: number }> {
  const startedAt = performance.now();
  const stop = startStopwatch(pid);
  const value = await work;
  return { value, ms: performance.now() - startedAt, ownMs: stop() };
}
