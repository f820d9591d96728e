import { describe, expect, it } from '@jest/globals';
import { type Call, createSendOnce } from '../../../src/upstream/attempt.ts';
import { createDeadlines, type Deadline } from '../../../src/upstream/cancellation.ts';
import { createConcurrencyLimiter } from '../../../src/upstream/concurrency-limiter.ts';
import type { HttpRequest, HttpResponse } from '../../../src/upstream/transport.ts';
import type { UpstreamError } from '../../../src/upstream/upstream-error.ts';

const READ: Call = { operation: 'getToken', method: 'GET', path: '/v1/tokens/x', parse: String };
const WRITE: Call = { operation: 'deleteToken', method: 'DELETE', path: '/v1/tokens/x', parse: String };
const credential = {
  identity: 'a'.repeat(64),
  authorization: () => 'Bearer a',
  renew: async () => undefined,
};

/** Attempts over a transport that answers with `status`, or never. */
function startAttempts(status: number | 'never' = 200) {
  const requests: HttpRequest[] = [];
  const transport = (request: HttpRequest): Promise<HttpResponse> => {
    requests.push(request);
    if (status === 'never') return new Promise(() => {});
    return Promise.resolve({ status, headers: {}, body: '{}' });
  };
  const limiter = createConcurrencyLimiter({ total: 1, perOwner: 1 });
  const sendOnce = createSendOnce({
    baseUrl: 'https://api.example/iam',
    readTimeoutMs: 5000,
    writeTimeoutMs: 8000,
    maxResponseBytes: 10,
    transport,
    limiter,
  });
  const attempt = (call: Call, deadline: Deadline) =>
    sendOnce({ owner: deadline, credential, deadline, headers: {} }, call, 0, { authorization: '' });
  return { attempt, limiter, requests };
}

describe('One attempt', () => {
  it.each([
    ['a read', READ, 5000],
    ['a write', WRITE, 8000],
  ])('of %s has its timeout', async (_title, call, timeoutMs) => {
    const { attempt, requests } = startAttempts();
    const deadline = createDeadlines(60_000).start();
    await attempt(call, deadline);
    deadline.end();
    expect(requests[0]?.timeoutMs).toBe(timeoutMs);
  });

  it('of a read ends when the client goes away; a write that is on its way does not', async () => {
    const { attempt, requests } = startAttempts();
    const deadline = createDeadlines(60_000).start();
    await attempt(READ, deadline);
    await attempt(WRITE, deadline);
    deadline.end();
    expect(requests.map(({ cancellation }) => cancellation)).toEqual([
      deadline.cancellation,
      deadline.expired,
    ]);
    deadline.abandon();
    expect(requests.map(({ cancellation }) => cancellation?.reason)).toEqual(['aborted', undefined]);
  });

  it.each([302, 404, 500])('that gets a response with %i releases its slot to the next', async (status) => {
    const { attempt, limiter } = startAttempts(status);
    const deadline = createDeadlines(60_000).start();
    await expect(attempt(READ, deadline)).rejects.toMatchObject({ status });
    deadline.end();
    expect(limiter.acquire({}, deadline.cancellation)).toBeInstanceOf(Function);
  });

  it('waits for a slot until the deadline of its request, and then was never sent', async () => {
    const { attempt, requests } = startAttempts('never');
    const patient = createDeadlines(60_000).start();
    void attempt(READ, patient);
    const rejected = await attempt(WRITE, createDeadlines(50).start()).catch((error: UpstreamError) => error);
    patient.end();
    expect(rejected).toMatchObject({ kind: 'timeout', requestSent: false });
    expect(requests).toHaveLength(1);
  });
});
