import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { dribble } from '../support/slow-clients.ts';

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
/** Machines are busy. */
const SLACK_MS = 250;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

describe('With the timeouts that it starts with, the gateway cuts', () => {
  const rest = { rest: ' ', everyMs: 2_000 };
  it('headers and a body of one byte in two seconds', async () => {
    const [headers, body] = await Promise.all([
      dribble(gateway.origin, `${HEAD}x-a: `, rest),
      dribble(gateway.origin, `${HEAD}content-length: 1000\r\n\r\n`, rest),
    ]);
    expect([headers.status, body.status]).toEqual([408, 408]);
    expect(headers.ms).toBeLessThan(10_000 + SLACK_MS);
    expect(body.ms).toBeLessThan(15_000 + SLACK_MS);
  });
});
