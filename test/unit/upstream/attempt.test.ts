import { describe, expect, it } from '@jest/globals';
import { type Call, createCallQueue, createSendOnce } from '../../../src/upstream/attempt.ts';
import { createDeadlines, type Deadline } from '../../../src/upstream/cancellation.ts';
import type { HttpRequest, HttpResponse } from '../../../src/upstream/transport.ts';

const READ: Call = { operation: 'getToken', method: 'GET', path: '/v1/tokens/x', parse: String };
const WRITE: Call = { operation: 'deleteToken', method: 'DELETE', path: '/v1/tokens/x', parse: String };
const credential = {
  identity: 'a'.repeat(64),
  authorization: () => 'Bearer a',
  renew: async () => undefined,
};

/** Attempts over a transport that answers with `status`. */
function startAttempts(status = 200) {
  const requests: HttpRequest[] = [];
  const transport = async (request: HttpRequest): Promise<HttpResponse> => {
    requests.push(request);
    return { status, headers: {}, body: '{}' };
  };
  const sendOnce = createSendOnce({
    onAttempt: [],
    baseUrl: 'https://api.example/iam',
    readTimeoutMs: 5000,
    writeTimeoutMs: 8000,
    maxResponseBytes: 10,
    transport,
  });
  const attempt = (call: Call, deadline: Deadline) =>
    sendOnce({ queue: createCallQueue(), credential, deadline, headers: {} }, call, 'Bearer a', 0);
  return { attempt, requests };
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

  it('of a read ends when the client disconnects; that of a write does not', async () => {
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

  it.each([302, 404, 500])('that gets a response with %i fails', async (status) => {
    const { attempt } = startAttempts(status);
    const deadline = createDeadlines(60_000).start();
    await expect(attempt(READ, deadline)).rejects.toMatchObject({ status });
    deadline.end();
  });
});
