import type { UpstreamError } from './upstream-error.ts';

const RETRIED_STATUS = new Set([429, 502, 503, 504]);

/** Whether asking again may help. Not on 500: the API answers it for what repeats. */
export function isRetryable({ kind, status }: UpstreamError): boolean {
  if (kind === 'status') return RETRIED_STATUS.has(status ?? 0);
  return kind === 'unavailable' || kind === 'timeout';
}

/** Full jitter: anything from 0 to 200 ms before the first retry, to 400 ms before the second. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * 200 * 2 ** attempt;
}

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in seconds: a number or an HTTP date. Undefined when absent, malformed or in
 * the past.
 */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) || date <= nowMs || /^-?\d/.test(value)
    ? undefined
    : Math.ceil((date - nowMs) / 1000);
}

/** How many retries the whole process may send: without it an outage triples the load on what is already down. */
export interface RetryBudget {
  /** Takes one retry out of the budget; false when none is left. */
  take(): boolean;
}

export function createRetryBudget({
  size,
  perSecond,
  now,
}: {
  size: number;
  perSecond: number;
  now: () => number;
}): RetryBudget {
  let left = size;
  let at = now();
  return {
    take() {
      const time = now();
      left = Math.min(size, left + ((time - at) / 1000) * perSecond);
      at = time;
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
