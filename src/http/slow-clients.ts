import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isWaitingForContinue, lingerAfterResponse } from './node-server.ts';
import { onClose } from './on-close.ts';

/** A request may be refused before its body has arrived: this much of the rest is read and thrown away. */
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
const MAX_DISCARD_MS = 5_000;

/** What is owed to clients that send or read slowly, and what is not. Slow requests are cut by the server itself. */
export function slowClients(app: FastifyInstance, answerTimeoutMs: number): void {
  app.addHook('onSend', ({ raw: request }, reply, _payload, done) => {
    const { raw: response } = reply;
    const limitAnswer = () => {
      if (!response.destroyed) {
        const timer = setTimeout(() => response.destroy(), answerTimeoutMs);
        onClose(response, () => clearTimeout(timer));
      }
      done();
    };
    if (request.complete) limitAnswer();
    else if (isWaitingForContinue(request)) {
      // The body will not come, or has come unasked: the next request cannot be told from it (RFC 9110, 10.1.1).
      reply.header('connection', 'close');
      lingerAfterResponse(request.socket);
      limitAnswer();
    } else discardBody(request).then(limitAnswer, done);
  });
}

/**
 * To close a connection on which the client is still sending resets it, and the client loses the answer that it would
 * have read next. Resolves when the body is over, and at the latest when it is too much or takes too long.
 */
function discardBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = MAX_DISCARDED_BYTES;
    const timer = setTimeout(stop, MAX_DISCARD_MS);
    request.on('data', count).once('end', stop).once('close', stop).resume();

    function count(chunk: Buffer): void {
      left -= chunk.length;
      if (left < 0) stop();
    }
    function stop(): void {
      clearTimeout(timer);
      request.off('data', count).off('end', stop).off('close', stop);
      resolve();
    }
  });
}
