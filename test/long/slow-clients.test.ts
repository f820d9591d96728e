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
  it.each([
    ['headers', `${HEAD}x-a: `, 10_000],
    ['a body', `${HEAD}content-length: 1000\r\n\r\n`, 15_000],
  ])(
    '%s of one byte in two seconds',
    async (_title, start, limitMs) => {
      const { status, ms } = await dribble(gateway.origin, start, { rest: ' ', everyMs: 2_000 });
      expect(status).toBe(408);
      expect(ms).toBeLessThan(limitMs + SLACK_MS);
    },
    20_000,
  );
});
