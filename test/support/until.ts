import { setTimeout } from 'node:timers/promises';

/** Below the time limit of a test, so that it is the wait that fails, with its line, and does not go on beside the next test. */
const LIMIT_MS = 100_000;

/** Waits until `condition` is true. Rejects after 100 s. */
export async function until(condition: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
  const giveUpAt = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`not true after ${LIMIT_MS / 1000} s: ${condition}`);
    await setTimeout(everyMs);
  }
}
