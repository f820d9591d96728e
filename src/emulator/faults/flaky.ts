import { edgeError } from '../reply.ts';
import type { Exchange, FaultTable } from './fault.ts';

/** Wrong N times for each URL and principal, right from then on; `faults.clear()` starts anew. */
export const flakyFaults: FaultTable = {
  'flaky-N': (exchange, times, hit) =>
    failFirst(exchange, times, hit, ({ send }) => send(edgeError(503, 'Service Unavailable'))),
  'flaky-reset-N': (exchange, times, hit) =>
    failFirst(exchange, times, hit, ({ request }) => request.socket.resetAndDestroy()),
  'flaky-429-N': (exchange, times, hit) =>
    failFirst(exchange, times, hit, ({ send }) => {
      send({ ...edgeError(429, 'Too Many Requests'), headers: { 'retry-after': '0' } });
    }),
};

async function failFirst(
  exchange: Exchange,
  times: string,
  hit: number,
  fail: (exchange: Exchange) => unknown,
): Promise<void> {
  if (hit <= Number(times)) fail(exchange);
  else exchange.send(await exchange.answer());
}
