/**
 * The log's description of an unexpected error: its class, and where it was thrown. Its message and its other members are
 * left out, as they may hold anything that a client sent.
 */
export function describeError(error: unknown): { readonly type: string; readonly stack: readonly string[] } {
  if (!(error instanceof Error)) return { type: typeof error, stack: [] };
  const { name, message, stack = '' } = error;
  const frames = stack.replace(message, '').split('\n');
  return { type: name, stack: frames.map((line) => line.trim()).filter((line) => line.startsWith('at ')) };
}

const INTERVAL_MS = 60_000;
/** Reasons come from a small set. If there are more, all are dropped, to limit the memory. */
const MAX_REASONS = 20;

/** Whether it is time for a log line about `reason`: once a minute for each, since every request may meet the same failure. */
export function createWarnLimit(): (reason: string) => boolean {
  const warnedAt = new Map<string, number>();
  return (reason) => {
    const now = performance.now();
    if (now - (warnedAt.get(reason) ?? -INTERVAL_MS) < INTERVAL_MS) return false;
    if (warnedAt.size >= MAX_REASONS) warnedAt.clear();
    warnedAt.set(reason, now);
    return true;
  };
}
