import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { type Connections, type OpenRequest, onClose } from './connections.ts';
import { HttpError, rawErrorResponse, readRequestId } from './error-response.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** When its head had arrived, by the clock of `performance.now`. */
    arrivedAt: number;
    /** `Expect: 100-continue`: the client waits before it sends the body (RFC 9110 section 10.1.1). */
    waitsForContinue?: boolean;
  }
}

/** Called for each error response on a connection from which no request could be read. */
type OnRejection = (error: HttpError, requestId: string) => void;

/** A client that is still sending gets this time to read the error response: closing at once would discard it. */
const LINGER_MS = 500;

/** The HTTP server of Node.js, with the error responses and headers of this gateway in place of its own. */
export function createHttpServer(
  handler: RequestListener,
  options: Config['http'],
  connections: Connections,
  onRejection: OnRejection,
): Server {
  const server = createServer(
    {
      ...toTimeouts(options),
      keepAliveTimeout: options.keepAliveTimeoutMs,
      // `validate-request.ts` checks it, with the error response of this gateway.
      requireHostHeader: false,
    },
    // One listener does everything, because Node.js copies a list of several listeners for each event.
    (request, response) => {
      request.arrivedAt = performance.now();
      const { socket } = request;
      const before = connections.openRequestsOn(socket);
      // Requests that follow are ignored: they would get no response (RFC 9112 section 9.6).
      if (!socket.writable || before.some(({ isLast }) => isLast)) return;
      if (before.length >= MAX_PIPELINED)
        return rejectAfter(before.at(-1), request, new HttpError(503, TOO_MANY));
      // RFC 9112 section 6.1: a proxy of HTTP/1.0 does not know chunks, and takes the body for further requests.
      if (request.httpVersion === '1.0' && request.headers['transfer-encoding'] !== undefined)
        return rejectAfter(before.at(-1), request, parserError());
      connections.trackRequest(request, response);
      handler(request, response);
    },
  );
  // Node.js would drop the headers after the 2000th, so `Host` could seem to be missing and a second `Authorization` go
  // unnoticed. The size of the head limits their number.
  server.maxHeadersCount = 0;
  /** Waits for the responses to earlier requests, because a client would take an error that comes sooner for one of them. */
  const rejectAfter = (before: OpenRequest | undefined, request: Rejected, error: HttpError) => {
    if (!before) return sendRejection(request, error, onRejection);
    if (before.isLast) return;
    before.isLast = true;
    discardRest(request.socket);
    onClose(before.response, () => sendRejection(request, error, onRejection));
  };
  server.on('connection', (socket) => {
    if (!connections.accept(socket)) rejectConnection(socket, onRejection);
  });
  connections.closeWhenIdle(server);
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const openRequests = connections.openRequestsOn(socket);
    const last = openRequests.at(-1);
    // Without an incomplete request, the error is that of a request whose head has not arrived.
    const incomplete = last?.request.complete === false ? last : undefined;
    const before = incomplete ? openRequests.at(-2) : last;
    // No response if the client has left, or has sent nothing: browsers and load balancers open connections in advance.
    if (code === 'ECONNRESET' || code === 'HPE_INVALID_EOF_STATE' || (socket as Socket).bytesRead === 0)
      socket.destroy();
    else if (incomplete?.response.headersSent) socket.destroy();
    else rejectAfter(before, incomplete?.request ?? { socket }, parserError(code));
  });
  server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy());
    const before = connections.openRequestsOn(socket).at(-1);
    rejectAfter(before, request, new HttpError(405, NO_PROXY, { allow: '' }));
  });
  // An unknown expectation may be ignored (RFC 9110 section 10.1.1). Node.js would respond with an empty 417.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Without this listener Node.js would request the body before any check.
  server.on('checkContinue', (request, response) => {
    request.waitsForContinue = true;
    server.emit('request', request, response);
  });
  return server;
}

/** Keeps the rest of a late request from the parser, so that the request is not executed after its rejection. */
function discardRest(socket: Duplex): void {
  socket
    .removeAllListeners('data')
    .on('data', () => {})
    .resume();
}

/**
 * Limit of requests on one connection whose responses wait for each other. The responses stay in memory while the client
 * does not read them.
 */
const MAX_PIPELINED = 100;
const TOO_MANY = 'Too many requests are waiting on this connection. Read their responses before the next.';

/** Node.js checks for slow clients at intervals. Timeouts are one interval shorter, so no client gets more time. */
function toTimeouts({ headersTimeoutMs, requestTimeoutMs }: Config['http']) {
  const checkIntervalMs = Math.ceil(Math.min(500, headersTimeoutMs / 4));
  return {
    connectionsCheckingInterval: checkIntervalMs,
    // At least 1, because 0 would mean no limit.
    headersTimeout: Math.max(headersTimeoutMs - checkIntervalMs, 1),
    requestTimeout: Math.max(requestTimeoutMs - checkIntervalMs, 1),
  };
}

const NO_PROXY = 'This server is not a proxy.';

const PARSER_ERRORS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers, or the URL, are too large. Send long documents by POST.'],
};

/** The message does not reveal which other error of the parser occurred. */
function parserError(code = ''): HttpError {
  return new HttpError(...(PARSER_ERRORS[code] ?? [400, 'The request is malformed.']));
}

/** A request without a complete body, or a connection on which no head has arrived. */
interface Rejected {
  readonly socket: Duplex;
  readonly headers?: IncomingHttpHeaders;
}

function sendRejection({ socket, headers }: Rejected, error: HttpError, onRejection: OnRejection): void {
  // The parser reports every further chunk of a malformed request.
  if (!socket.writable) return;
  const requestId = readRequestId({ headers });
  onRejection(error, requestId);
  discardRest(socket);
  socket.end(rawErrorResponse(error, requestId));
  destroyLater(socket);
}

function destroyLater(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** Limit of rejected connections that get an error response at the same time. Further ones are closed without one. */
const MAX_REJECTING = 32;
let rejecting = 0;
const FULL = 'The gateway has reached its limit of connections. Try again.';

/** Ends a connection above the limit. */
function rejectConnection(socket: Socket, onRejection: OnRejection): void {
  socket.on('error', () => socket.destroy());
  if (rejecting >= MAX_REJECTING) return void socket.destroy();
  rejecting++;
  socket.once('close', () => rejecting--);
  sendRejection({ socket }, new HttpError(503, FULL), onRejection);
}

/** Closes a connection after its response, with a delay: the client may have begun to send the rejected body. */
function lingerAfterResponse(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    destroyLater(socket);
  };
}

/** A request may be rejected before its body has arrived. This much of the rest is read and discarded. */
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
const MAX_DISCARD_MS = 5_000;

/** Limits the time of responses, and of bodies that are discarded. The server itself ends slow requests. */
export function limitSlowClients(app: FastifyInstance, responseTimeoutMs: number): void {
  app.addHook('onSend', ({ raw: request }, reply, _payload, done) => {
    const { raw: response } = reply;
    const startTimer = () => {
      const timer = setTimeout(() => response.destroy(), responseTimeoutMs);
      onClose(response, () => clearTimeout(timer));
    };
    const limitResponse = () => {
      done();
      // A response that the system has taken completely, as for nearly all responses, cannot be late.
      if (response.destroyed || (response.writableEnded && response.writableLength === 0)) return;
      // The response to a pipelined request gets the socket when the responses before it are sent.
      if (response.socket) startTimer();
      else response.once('socket', startTimer);
    };
    if (request.complete) limitResponse();
    else if (request.waitsForContinue) {
      // The client may or may not send the body now, so it cannot be distinguished from the next request (RFC 9110 section
      // 10.1.1).
      reply.header('connection', 'close');
      lingerAfterResponse(request.socket);
      limitResponse();
    } else discardBody(request).then(limitResponse, done);
  });
}

/**
 * Closing a connection on which the client is still sending resets it, and the client loses the response. Resolves when
 * the body has ended, is too large, or takes too long.
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
