import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type Cancellation, cancelledError } from './cancellation.ts';
import { createConnectionPool, isUsed, type PoolConnection, type PoolOptions } from './connection-pool.ts';
import { UpstreamError } from './upstream-error.ts';

/** One attempt with its limits. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
  /** A larger response is rejected instead of buffered. */
  readonly maxBytes: number;
  readonly cancellation?: Cancellation | undefined;
}

/** A response of any status, redirects included. */
export interface HttpResponse {
  readonly status: number;
  /** The names are in lower case. undici makes a list of the values of any header that is repeated, whatever its type says. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly body: string;
}

/**
 * Sends one request once: no retry, no redirect, no decompression.
 * Rejects only with an `UpstreamError` of kind `unavailable`, `timeout`, `invalid-response` or `aborted`.
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * The transport for IAM. It uses `Client.dispatch` with a handler, which costs a fifth of got: a list of tokens
 * with their projects is some fifty calls.
 */
export function createUndiciTransport(options: PoolOptions): Transport & { close(): Promise<void> } {
  const { origin } = options;
  const pool = createConnectionPool(options);
  const send = (request: HttpRequest) =>
    new Promise<HttpResponse>((resolve, reject) => {
      if (request.cancellation?.reason) return reject(cancelledError(request.cancellation, false));
      const { method, url, headers, body = null } = request;
      const connection = pool.take();
      const handler = createHandler(request, connection, (outcome, isReusable) => {
        pool.giveBack(connection, isReusable);
        if (!(outcome instanceof UpstreamError)) return resolve(outcome);
        if (outcome.staleConnection) pool.discardOlder(connection);
        reject(outcome);
      });
      const path = url.slice(origin.length);
      const dispatch = () =>
        connection.client.dispatch(
          { path, method, headers: { 'accept-encoding': 'identity', ...headers }, body },
          handler,
        );
      // undici reads what has arrived on an idle connection before it writes, but not what arrives in the present turn of
      // the event loop: often the end of the connection after a response. A write is not repeated, so it waits a turn.
      if (method === 'GET' || !isUsed(connection)) dispatch();
      else setImmediate(dispatch);
    });
  return Object.assign(send, { close: pool.close });
}

/** `onEnd` is called once, with whether the connection can carry another request. */
function createHandler(
  { cancellation, timeoutMs, maxBytes }: HttpRequest,
  connection: PoolConnection,
  onEnd: (outcome: HttpResponse | UpstreamError, isReusable: boolean) => void,
): Dispatcher.DispatchHandler {
  // The first `size` bytes are the body so far.
  let body = EMPTY;
  let size = 0;
  let status = 0;
  let headers: HttpResponse['headers'] = {};
  // Set right before the first byte is written to the socket. While it is undefined, nothing was sent.
  let controller: Dispatcher.DispatchController | undefined;
  let settled = false;

  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    removeListener?.();
    return true;
  };
  const fail = (error: UpstreamError) => {
    if (!settle()) return;
    controller?.abort(error);
    // A connection that is still being opened serves the next request.
    onEnd(error, controller === undefined);
  };
  const failLate = (problem: string) =>
    fail(
      new UpstreamError('timeout', problem, {
        requestSent: controller !== undefined,
        code: controller === undefined ? 'ETIMEDOUT' : 'NO_RESPONSE',
      }),
    );
  // Runs after pending I/O events: a response that arrived while the event loop was blocked is in time.
  const timer = setTimeout(() => setImmediate(failLate, `no response within ${timeoutMs} ms`), timeoutMs);
  const removeListener = cancellation?.onCancel(() => {
    if (cancellation.reason === 'timeout') failLate('no response before the request deadline');
    else fail(cancelledError(cancellation, controller !== undefined));
  });

  return {
    onRequestStart(started) {
      // The attempt ended before the connection was open. Throwing drops the request and keeps the connection.
      if (settled) throw new UpstreamError('aborted', 'cancelled before it was sent', { requestSent: false });
      controller = started;
      connection.onRequest(maxBytes);
    },
    onResponseStart(_controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders;
      const error = findUnreadable(status, headers, maxBytes);
      if (error) fail(error);
    },
    onResponseData(_controller, chunk) {
      const end = size + chunk.length;
      if (end > maxBytes) return fail(tooLarge(maxBytes));
      if (size === 0) body = chunk;
      else {
        body = makeRoom(body, end);
        body.set(chunk, size);
      }
      size = end;
    },
    onResponseEnd() {
      connection.onResponse();
      if (!settle()) return;
      // These have no body (RFC 9110 section 6.4.1). If one was announced nevertheless, undici would take the end of the body
      // for the next response.
      const hasNoBody = status === 204 || status === 304;
      const isReusable = !(hasNoBody && headers['transfer-encoding'] !== undefined);
      onEnd({ status, headers, body: decodeBody(body, size) }, isReusable);
    },
    onResponseError(_controller, error) {
      if (!settle()) return;
      const requestSent = controller !== undefined;
      // The connection may be stale even if the request was not sent: undici waits one turn of the event loop before it
      // writes on an idle connection, and may find that it was closed meanwhile.
      const staleConnection = isUsed(connection) && status === 0;
      onEnd(toUpstreamError(error, { requestSent, staleConnection }), false);
    },
  };
}

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * `buffer`, or one with the same beginning and room for `length` bytes. A list of chunks instead would take a hundred times
 * the memory of a body that arrives byte by byte.
 */
function makeRoom(buffer: Buffer, length: number): Buffer {
  if (length <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafe(Math.max(length, 2 * buffer.length));
  larger.set(buffer);
  return larger;
}

const NOT_HTTP = new Set([
  'ENDLESS_RESPONSE',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** undici's errors name the host in their message, so only their code is kept. */
function toUpstreamError(
  error: Error & { code?: unknown },
  facts: { requestSent: boolean; staleConnection: boolean },
): UpstreamError {
  const code = typeof error.code === 'string' ? error.code : error.name;
  const notHttp = error.name === 'HTTPParserError' || NOT_HTTP.has(code);
  if (notHttp) return new UpstreamError('invalid-response', `connection failed (${code})`);
  return new UpstreamError('unavailable', `connection failed (${code})`, { ...facts, code });
}

/**
 * The error for a successful response whose body is not read: it is too large, or compressed although that was not
 * accepted.
 */
export function findUnreadable(
  status: number,
  headers: HttpResponse['headers'],
  maxBytes: number,
): UpstreamError | undefined {
  if (status < 200 || status > 299) return undefined;
  const { 'content-encoding': encoding, 'content-length': length } = headers;
  if (encoding && !isIdentity(String(encoding)))
    return new UpstreamError('invalid-response', 'a compressed response');
  return Number(length ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

/** Names of codings are case-insensitive, and members of a list may be empty (RFC 9110 sections 8.4.1 and 5.6.1). */
function isIdentity(encoding: string): boolean {
  return encoding.split(',').every((coding) => /^\s*(?:identity)?\s*$/i.test(coding));
}

export function tooLarge(maxBytes: number): UpstreamError {
  return new UpstreamError('invalid-response', `response larger than ${maxBytes} bytes`);
}

/** A body, the first `length` bytes, as text, without a byte order mark, which `JSON.parse` rejects (RFC 8259 section 8.1). */
export function decodeBody(bytes: Buffer, length = bytes.length): string {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0, length);
}
