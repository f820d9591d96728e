import { describe, expect, it } from '@jest/globals';
import { createTokenBuckets } from '../../../src/state/token-bucket.ts';
import { type Call, createCallQueue } from '../../../src/upstream/attempt.ts';
import { CancellationSource, createDeadlines } from '../../../src/upstream/cancellation.ts';
import { createConcurrencyLimiter, createSend } from '../../../src/upstream/send.ts';
import { UpstreamError, type UpstreamFailure } from '../../../src/upstream/upstream-error.ts';

const READ: Call = { operation: 'getToken', method: 'GET', path: '/v1/tokens/x', parse: String };
const WRITE: Call = { operation: 'createToken', method: 'POST', path: '/v1/tokens', body: {}, parse: String };
const OK = '{}';
const status = (code: number, retryAfterSeconds?: number) =>
  new UpstreamError('status', '', { status: code, retryAfterSeconds });

/** Sends over an API that answers as listed and then with 200; `sent` has the credential of each attempt. */
function startSend(answers: readonly UpstreamError[], { retries = 2, budget = 20, random = 0 } = {}) {
  const sent: string[] = [];
  const renewed: string[] = [];
  const acquireSlot = createConcurrencyLimiter({ total: 1, perRequest: 1 });
  let left = budget;
  const send = createSend({
    retries,
    retryAfterMaxMs: 2000,
    acquireSlot,
    async sendOnce(_scope, call, authorization) {
      sent.push(authorization);
      const failure = answers[sent.length - 1];
      if (failure) throw failure;
      return call.parse(OK);
    },
    takeRetry: () => left-- > 0,
    random: () => random,
  });
  let inUse = 'old';
  const credential = {
    identity: 'a'.repeat(64),
    authorization: () => inUse,
    async renew(rejected: string) {
      renewed.push(rejected);
      inUse = 'new';
      return inUse;
    },
  };
  return {
    sent,
    renewed,
    acquireSlot,
    async send(call: Call, totalMs = 5000) {
      const deadline = createDeadlines(totalMs).start();
      try {
        return await send({ queue: createCallQueue(), credential, deadline, headers: {} }, call);
      } finally {
        deadline.end();
      }
    },
  };
}

describe('A call', () => {
  it('that fails releases its slot to the next', async () => {
    const { send, sent } = startSend([status(404)]);
    await expect(send(READ)).rejects.toMatchObject({ status: 404 });
    expect(await send(WRITE)).toBe(OK);
    expect(sent).toHaveLength(2);
  });

  it('waits for a slot until the deadline of its request, and then was never sent', async () => {
    const { send, sent, acquireSlot } = startSend([]);
    acquireSlot(createCallQueue(), new CancellationSource());
    const rejected = await send(WRITE, 50).catch((error: UpstreamError) => error);
    expect(rejected).toMatchObject({ kind: 'timeout', requestSent: false });
    expect(sent).toEqual([]);
  });
});

describe('A read', () => {
  it('is retried while that may help, twice at most', async () => {
    const { send, sent } = startSend([status(503), status(429), status(502)]);
    await expect(send(READ)).rejects.toMatchObject({ status: 502 });
    expect(sent).toEqual(['old', 'old', 'old']);
  });

  it.each([429, 502, 503, 504])('is retried after status %i', async (code) => {
    const { send, sent } = startSend([status(code)]);
    expect(await send(READ)).toBe(OK);
    expect(sent).toHaveLength(2);
  });

  it.each([400, 403, 404, 409, 418, 424, 500, 501])('is not sent again after status %i', async (code) => {
    const { send, sent } = startSend([status(code)]);
    await expect(send(READ)).rejects.toMatchObject({ status: code });
    expect(sent).toHaveLength(1);
  });

  it.each<[UpstreamFailure, number]>([
    ['unavailable', 2],
    ['timeout', 2],
    ['invalid-response', 1],
    ['aborted', 1],
    ['not-recorded', 1],
  ])('that ended as %s is sent %i times', async (kind, attempts) => {
    const { send, sent } = startSend([new UpstreamError(kind, '')]);
    await send(READ).catch(() => undefined);
    expect(sent).toHaveLength(attempts);
  });

  it('is retried after up to 200 ms, then up to 400 ms', async () => {
    const { send } = startSend([status(503), status(503)], { random: 0.5 });
    const startedAt = performance.now();
    await send(READ);
    expect(performance.now() - startedAt).toBeGreaterThan(290);
  });

  it('is retried after the time that the API requests', async () => {
    const { send, sent } = startSend([status(429, 0.3)]);
    const startedAt = performance.now();
    expect(await send(READ)).toBe(OK);
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    expect(sent).toHaveLength(2);
  });

  it('is not sent again when the API says to wait for longer than configured', async () => {
    const { send, sent } = startSend([status(429, 3)]);
    await expect(send(READ)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 3 });
    expect(sent).toHaveLength(1);
  });

  it('is not sent again when the budget of the process is used up', async () => {
    const { send, sent } = startSend(Array(10).fill(status(503)), { budget: 3 });
    for (let i = 0; i < 4; i++) await expect(send(READ)).rejects.toMatchObject({ status: 503 });
    expect(sent).toHaveLength(4 + 3);
  });

  it('is retried from a budget that refills by two a second', () => {
    let now = 0;
    const limits = { rateLimitBurst: 2, rateLimitPerSecond: 2 };
    const budget = createTokenBuckets(limits, { now: () => now });
    const take = () => budget('', 1).isConsumed;
    expect([take(), take(), take()]).toEqual([true, true, false]);
    now = 500;
    expect([take(), take()]).toEqual([true, false]);
  });

  it('is repeated with another credential after a 401', async () => {
    const { send, sent, renewed } = startSend([status(401)]);
    expect(await send(READ)).toBe(OK);
    expect([sent, renewed]).toEqual([['old', 'new'], ['old']]);
  });

  it('is repeated so only once', async () => {
    const { send, sent } = startSend([status(401), status(401)]);
    await expect(send(READ)).rejects.toMatchObject({ status: 401 });
    expect(sent).toEqual(['old', 'new']);
  });

  it('is repeated so only once, also when another failure comes between', async () => {
    const { send, sent, renewed } = startSend([status(401), status(503), status(401)]);
    await expect(send(READ)).rejects.toMatchObject({ status: 401 });
    expect([sent, renewed]).toEqual([['old', 'new', 'new'], ['old']]);
  });
});

describe('A write', () => {
  it.each([
    ['status 503', status(503)],
    ['status 429 with a time', status(429, 0)],
    ['a lost connection', new UpstreamError('unavailable', '')],
    ['a connection that was never made', new UpstreamError('unavailable', '', { requestSent: false })],
    ['a stale connection', new UpstreamError('unavailable', '', { staleConnection: true })],
    ['a timeout', new UpstreamError('timeout', '')],
  ])('is sent once, also after %s', async (_title, failure) => {
    const { send, sent, renewed } = startSend([failure]);
    await expect(send(WRITE)).rejects.toBe(failure);
    expect([sent, renewed]).toEqual([['old'], []]);
  });

  it('is sent over another connection when a stale one broke before its first byte', async () => {
    const { send, sent } = startSend([
      new UpstreamError('unavailable', '', { staleConnection: true, requestSent: false }),
    ]);
    expect(await send(WRITE)).toBe(OK);
    expect(sent).toHaveLength(2);
  });

  it('is not repeated after a 401, but the next call has another credential', async () => {
    const { send, sent, renewed } = startSend([status(401)]);
    await expect(send(WRITE)).rejects.toMatchObject({ status: 401 });
    expect([sent, renewed]).toEqual([['old'], ['old']]);
  });
});
