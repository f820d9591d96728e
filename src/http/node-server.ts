import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import {
  type Connections,
  type Exchange,
  observeResponses,
  onClose,
  REJECTED,
  type ResponseObserver,
} from './connections.ts';
import { HttpError, rawErrorResponse } from './error-response.ts';

export interface HttpServerOptions {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** A client that is still sending gets this long to read why it is refused: closing at once would discard the answer. */
const LINGER_MS = 500;

/** Node.js' own server, except that what it would refuse by itself is refused in the words and headers of this gateway. */
export function createHttpServer(
  handler: RequestListener,
  options: HttpServerOptions,
  connections: Connections,
  observer: ResponseObserver,
): Server {
  const server = createServer(
    {
      ...timeouts(options),
      keepAliveTimeout: options.keepAliveTimeoutMs,
      // Checked where it can be answered in our shape: validate-request.ts.
      requireHostHeader: false,
    },
    // What arrives on a connection that was rejected has its response already.
    (request, response) => {
      if (request.socket.writable) handler(request, response);
    },
  );
  observeResponses(server, observer);
  connections.follow(server);
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const exchange = [...connections.exchangesOn(socket)].at(-1);
    const error = parserError(code);
    if (code === 'ECONNRESET') socket.destroy();
    else if (!exchange) reject(socket, error);
    else if (exchange.request.complete) rejectAfter(exchange, socket, error);
    else if (exchange.response.headersSent) socket.destroy();
    else reject(socket, error);
  });
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    reject(socket, new HttpError(405, 'This is no proxy.'));
  });
  // An expectation that nobody knows may be ignored (RFC 9110, 10.1.1). Node.js would answer with an empty 417.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Node.js would ask for the body before anything was checked.
  server.on('checkContinue', (request, response) => {
    waitingForContinue.add(request);
    server.emit('request', request, response);
  });
  return server;
}

/** Requests whose clients send the body only when they are asked to: `Expect: 100-continue` (RFC 9110, 10.1.1). */
const waitingForContinue = new WeakSet<IncomingMessage>();

export function isWaitingForContinue(request: IncomingMessage): boolean {
  return waitingForContinue.has(request);
}
/** Asks for the body of such a request. */
export function continueRequest(request: IncomingMessage, response: ServerResponse): void {
  waitingForContinue.delete(request);
  response.writeContinue();
}

/** Node.js looks for slow clients from time to time: so a client's time ends one look early, and it is never cut late. */
function timeouts({ headersTimeoutMs, requestTimeoutMs }: HttpServerOptions) {
  const lookEveryMs = Math.ceil(Math.min(500, headersTimeoutMs / 4));
  return {
    connectionsCheckingInterval: lookEveryMs,
    // 0 would be no limit.
    headersTimeout: Math.max(headersTimeoutMs - lookEveryMs, 1),
    requestTimeout: Math.max(requestTimeoutMs - lookEveryMs, 1),
  };
}

/** Which error of the parser it was is for nobody to know. */
function parserError(code: string | undefined): HttpError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpError(408, 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(431, 'The headers, or the URL, are too large. Send long documents by POST.');
    default:
      return new HttpError(400, 'The request is malformed.');
  }
}

/** What is wrong came behind a request that is being answered: an error response now would be taken for that answer. */
function rejectAfter(exchange: Exchange, socket: Duplex, error: HttpError): void {
  if (exchange.isLast) return;
  exchange.isLast = true;
  onClose(exchange.response, () => reject(socket, error));
}

function reject(socket: Duplex, error: HttpError): void {
  // The parser reports every further piece of a request that it gave up.
  if (!socket.writable) return;
  const requestId = randomUUID();
  socket.emit(REJECTED, error, requestId);
  // What is late must not arrive after all, and then be done behind the back of a client that was told otherwise.
  if (error.statusCode === 408) {
    socket.end(rawErrorResponse(error, requestId), () => socket.destroy());
    return;
  }
  socket.end(rawErrorResponse(error, requestId));
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** Rejected connections that are told why at the same time. More are closed without a word. */
const MAX_TOLD = 32;
let told = 0;

/** Ends a connection that there is no room for. */
export function rejectConnection(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  if (told >= MAX_TOLD) {
    socket.destroy();
    return;
  }
  told++;
  socket.once('close', () => told--);
  reject(socket, new HttpError(503, 'The gateway has as many connections as it can. Try again.'));
}

/** Closes a connection after its response, but not at once: the client may have begun to send what was refused. */
export function lingerAfterResponse(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  };
}

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
