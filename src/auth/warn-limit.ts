import type { Clock } from './caller.ts';

const INTERVAL_MS = 60_000;
/** Above this the reasons are not of a fixed set, and are forgotten. */
const MAX_REASONS = 20;

/** Whether it is time for a line about `reason`: once a minute for each, since what failed is tried again every second. */
export function createWarnLimit(clock: Clock): (reason: string) => boolean {
  const warnedAtMs = new Map<string, number>();
  return (reason) => {
    const now = clock();
    const last = warnedAtMs.get(reason);
    // By the absolute difference: the clock may have been set back.
    if (last !== undefined && Math.abs(now - last) < INTERVAL_MS) return false;
    if (warnedAtMs.size >= MAX_REASONS) warnedAtMs.clear();
    warnedAtMs.set(reason, now);
    return true;
  };
}
