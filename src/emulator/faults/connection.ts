import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, headersOf } from '../send.ts';
import type { Exchange, FaultTable } from './fault.ts';

const IDLE_RESET_DELAY_MS = 5;

/** The connection breaks, before the answer, within it or right after it. */
export const connectionFaults: FaultTable = {
  reset: ({ request }) => void request.socket.resetAndDestroy(),
  // And the operation is carried out N ms later.
  'reset-late-N': async ({ request, answer }, delayMs) => {
    request.socket.resetAndDestroy();
    await sleep(Number(delayMs), undefined, { ref: false });
    await answer();
  },
  close: ({ request }) => void request.socket.destroy(),
  // Sends FIN and nothing else, and goes on reading: the client's side of the connection stays open.
  'half-open': ({ request }) => void request.socket.end(),
  truncated: (exchange) => sendHalf(exchange, { chunked: false, reset: false }),
  'truncated-chunked': (exchange) => sendHalf(exchange, { chunked: true, reset: false }),
  'reset-mid': (exchange) => sendHalf(exchange, { chunked: false, reset: true }),
  garbage: ({ request }) => void request.socket.end('\u0000\u0001SSH-2.0-OpenSSH_9.6\r\n\r\n'),
  twolengths: async (exchange) => {
    const body = bodyOf(await exchange.answer());
    const lengths = `content-length: ${body.length}\r\ncontent-length: ${body.length - 7}`;
    sendRaw(exchange, `content-type: application/json\r\n${lengths}`, body);
  },
  bigheaders: async (exchange) => {
    const body = bodyOf(await exchange.answer());
    sendRaw(exchange, `content-length: ${body.length}\r\nx-padding: ${'x'.repeat(256 * 1024)}`, body);
  },
  'idle-reset': async ({ request, response, answer, send }) => {
    const { socket } = request;
    response.once('finish', () => setTimeout(() => socket.resetAndDestroy(), IDLE_RESET_DELAY_MS).unref());
    send(await answer());
  },
};

/** The head says how long the body is; half of it comes. */
async function sendHalf(
  { request, response, answer }: Exchange,
  { chunked, reset }: { chunked: boolean; reset: boolean },
): Promise<void> {
  const reply = await answer();
  const body = bodyOf(reply);
  const { 'content-length': length, ...rest } = headersOf(reply, body.length);
  response.writeHead(reply.status, chunked ? rest : { ...rest, 'content-length': length });
  response.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
    // Later than the data: on some systems a reset overtakes what was written just before.
    setTimeout(() => (reset ? request.socket.resetAndDestroy() : request.socket.end()), 20).unref();
  });
}

/** Node refuses to write such headers, so they are written by hand. */
function sendRaw({ request }: Exchange, headers: string, body: Buffer): void {
  const { socket } = request;
  socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`);
  socket.end(body);
}
