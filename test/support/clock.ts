import { jest } from '@jest/globals';

/**
 * Stops `performance.now()`, by which rate limits are refilled: how many requests are left then does not depend on how
 * busy the machine is. Returns a function that starts it again.
 */
export function stopClock(aheadMs = 0): () => void {
  const now = performance.now() + aheadMs;
  const spy = jest.spyOn(performance, 'now').mockImplementation(() => now);
  return () => spy.mockRestore();
}
