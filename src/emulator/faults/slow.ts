import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, headersOf } from '../send.ts';
import type { FaultTable } from './fault.ts';

const DRIP_INTERVAL_MS = 200;

/** The answer comes late, or never. */
export const slowFaults: FaultTable = {
  hang: () => undefined,
  'hang-body': async ({ response, answer }) => {
    const reply = await answer();
    const body = bodyOf(reply);
    response.writeHead(reply.status, headersOf(reply, body.length));
    response.write(body.subarray(0, Math.ceil(body.length / 2)));
  },
  slowdrip: async ({ response, answer }) => {
    const reply = await answer();
    const body = bodyOf(reply);
    response.writeHead(reply.status, headersOf(reply, body.length));
    for (let index = 0; index < body.length && !response.destroyed; index += 1) {
      response.write(body.subarray(index, index + 1));
      await sleep(DRIP_INTERVAL_MS, undefined, { ref: false });
    }
    response.end();
  },
  'latency-N': async ({ answer, send }, delayMs) => {
    await sleep(Number(delayMs), undefined, { ref: false });
    send(await answer());
  },
};
