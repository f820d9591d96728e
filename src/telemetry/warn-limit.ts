const INTERVAL_MS = 60_000;
/** Above this the reasons are not of a fixed set, and are forgotten. */
const MAX_REASONS = 20;

/**
 * Whether it is time for a log line about `reason`: once a minute for each, since each request may meet the same failure.
 * `now` is in milliseconds.
 */
export function createWarnLimit(now = () => performance.now()): (reason: string) => boolean {
  const warnedAt = new Map<string, number>();
  return (reason) => {
    const time = now();
    const last = warnedAt.get(reason);
    // The absolute difference, because the clock may have been set back.
    if (last !== undefined && Math.abs(time - last) < INTERVAL_MS) return false;
    if (warnedAt.size >= MAX_REASONS) warnedAt.clear();
    warnedAt.set(reason, time);
    return true;
  };
}
