import { describe, expect, it } from '@jest/globals';
import { createTokenBuckets } from '../../../src/state/token-bucket.ts';
import { readRetryAfter } from '../../../src/upstream/parse-response.ts';
import { backoffMs, isRetryable } from '../../../src/upstream/send.ts';
import { UpstreamError, type UpstreamFailure } from '../../../src/upstream/upstream-error.ts';

const status = (code: number) => new UpstreamError('status', '', { status: code });

describe('A read is asked again', () => {
  it.each([429, 502, 503, 504])('after status %i', (code) => expect(isRetryable(status(code))).toBe(true));
  it.each([400, 401, 403, 404, 409, 418, 424, 500, 501])('not after status %i', (code) =>
    expect(isRetryable(status(code))).toBe(false),
  );
  it.each<[UpstreamFailure, boolean]>([
    ['unavailable', true],
    ['timeout', true],
    ['invalid-response', false],
    ['aborted', false],
    ['not-recorded', false],
  ])('after %s: %s', (kind, expected) => expect(isRetryable(new UpstreamError(kind, ''))).toBe(expected));

  it('after a wait of up to 200 ms, then up to 400 ms', () => {
    expect([backoffMs(0, () => 0.5), backoffMs(1, () => 0.5), backoffMs(0, () => 0)]).toEqual([100, 200, 0]);
  });

  it('only while the budget lasts, which fills up again by two a second', () => {
    let now = 0;
    const limits = { rateLimitBurst: 2, rateLimitPerSecond: 2 };
    const budget = createTokenBuckets(limits, { now: () => now });
    const take = () => budget.take('', 1).waitSeconds === 0;
    expect([take(), take(), take()]).toEqual([true, true, false]);
    now = 500;
    expect([take(), take()]).toEqual([true, false]);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');
  it.each([
    ['a number of seconds', '3', 3],
    ['a date', 'Mon, 23 Nov 2026 10:00:05 GMT', 5],
    ['a date that has passed', 'Mon, 23 Nov 2026 09:00:00 GMT', undefined],
    ['a negative number', '-1', undefined],
    ['a fraction', '1.5', undefined],
    ['nonsense', 'soon', undefined],
    ['nothing', undefined, undefined],
  ])('is %s', (_title, value, expected) => expect(readRetryAfter(value, now)).toBe(expected));
});
