import { Client, type Dispatcher, Pool } from 'undici';
import { stopped } from './cancellation.ts';
import { type HttpRequest, type HttpResponse, refuseHead, type Transport, tooLarge } from './transport.ts';
import { UpstreamError } from './upstream-error.ts';

interface UndiciTransportOptions {
  /** Scheme, host and port of the only server this transport talks to. */
  readonly origin: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Below the idle limit of the other side, so that a request is rarely sent into a closing connection. */
  readonly idleSocketMs: number;
}

/** One connection at a time to the server, with what undici itself does not tell its handlers. */
interface Connection {
  /** Whether it has carried an answer before. */
  isUsed: boolean;
}

/** Ours rides on the options, which undici hands through from the pool to the client that it chose. */
interface ReadOptions extends Dispatcher.DispatchOptions {
  connection?: Connection;
}

/**
 * The transport for reads. `Pool.dispatch` with our own handler, because a list of tokens with their projects is some
 * fifty calls: it costs a fifth of what got does.
 */
export function createUndiciTransport(
  options: UndiciTransportOptions,
): Transport & { close(): Promise<void> } {
  const { origin, connections, connectTimeoutMs, idleSocketMs } = options;
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    keepAliveTimeout: idleSocketMs,
    keepAliveMaxTimeout: idleSocketMs,
    // The whole exchange has one timer, below. undici's own would be a second owner.
    headersTimeout: 0,
    bodyTimeout: 0,
    factory: createClient,
  });
  const send = (request: HttpRequest) =>
    new Promise<HttpResponse>((resolve, reject) => {
      if (request.stop?.reason) return reject(stopped(request.stop, false));
      const path = request.url.slice(origin.length);
      const options: ReadOptions = {
        path,
        method: request.method,
        headers: { 'accept-encoding': 'identity', ...request.headers },
        body: request.body ?? null,
      };
      pool.dispatch(options, createHandler(request, options, resolve, reject));
    });
  return Object.assign(send, { close: () => pool.destroy() });
}

function createClient(origin: URL, options: object): Client {
  const client = new Client(origin, options);
  const connection: Connection = { isUsed: false };
  client.on('connect', () => {
    connection.isUsed = false;
  });
  const dispatch = client.dispatch.bind(client);
  client.dispatch = (request: ReadOptions, handler) => {
    request.connection = connection;
    return dispatch(request, handler);
  };
  return client;
}

function createHandler(
  { stop, timeoutMs, maxBytes }: HttpRequest,
  options: ReadOptions,
  resolve: (response: HttpResponse) => void,
  reject: (error: UpstreamError) => void,
): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = [];
  let size = 0;
  let status = 0;
  let headers: Record<string, string | undefined> = {};
  let controller: Dispatcher.DispatchController | undefined;
  let settled = false;
  let isReused = false;

  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    forget?.();
    return true;
  };
  const fail = (error: UpstreamError) => {
    if (!settle()) return;
    controller?.abort(error);
    reject(error);
  };
  const timer = setTimeout(
    () => fail(new UpstreamError('timeout', `no answer within ${Math.round(timeoutMs)} ms`)),
    timeoutMs,
  );
  const forget = stop?.onStop(() => fail(stopped(stop, true)));

  return {
    onRequestStart(started) {
      controller = started;
      isReused = options.connection?.isUsed ?? false;
      // It waited in the pool's queue until nobody wanted it any more.
      if (settled) started.abort(new UpstreamError('aborted', 'no longer wanted'));
    },
    onResponseStart(_controller, statusCode, responseHeaders) {
      status = statusCode;
      headers = responseHeaders as Record<string, string | undefined>;
      const refusal = refuseHead(status, headers, maxBytes);
      if (refusal) fail(refusal);
    },
    onResponseData(_controller, chunk) {
      size += chunk.length;
      if (size > maxBytes) fail(tooLarge(maxBytes));
      else chunks.push(chunk);
    },
    onResponseEnd() {
      if (options.connection) options.connection.isUsed = true;
      if (settle())
        resolve({
          status,
          headers,
          body: (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString('utf8'),
        });
    },
    onResponseError(_controller, error) {
      if (settle()) reject(toUpstreamError(error, isReused && status === 0));
    },
  };
}

const NOT_HTTP = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** undici's errors name the host in their message, so only the code goes on. */
function toUpstreamError(error: Error & { code?: unknown }, staleConnection: boolean): UpstreamError {
  const code = typeof error.code === 'string' ? error.code : error.name;
  const notHttp = error.name === 'HTTPParserError' || NOT_HTTP.has(code);
  if (notHttp) return new UpstreamError('invalid-response', `connection failed (${code})`);
  return new UpstreamError('unavailable', `connection failed (${code})`, { staleConnection });
}
