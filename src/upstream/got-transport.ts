import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { CancelError, ReadError, RequestError, TimeoutError } from 'got';
import { UpstreamError } from './error.ts';
import { type HttpRequest, type HttpResponse, refuseHead, type Transport, tooLarge } from './transport.ts';

/** What `error.code` says when the request certainly never left this machine. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);
const CONNECT_PHASES = new Set(['lookup', 'connect', 'secureConnect', 'socket']);

interface GotTransportOptions {
  readonly connections: number;
  /** Below the idle limit of the other side, so that a request is rarely sent into a closing connection. */
  readonly idleSocketMs: number;
}

/** The transport for everything that changes something or signs in. `close` drops the idle connections. */
export function createGotTransport({
  connections,
  idleSocketMs,
}: GotTransportOptions): Transport & { close(): void } {
  const agentOptions = {
    keepAlive: true,
    maxSockets: connections,
    timeout: idleSocketMs,
    scheduling: 'lifo',
  } as const;
  const agent = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };
  // Options that are the same for all calls are read once, here, and not by every call.
  const client = got.extend({
    agent,
    // One owner of each duty: got only carries. Who retries and what a status means is decided in send.ts.
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    responseType: 'buffer',
  });

  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    let refusal: UpstreamError | undefined;
    const refuse = (error: UpstreamError) => {
      refusal = error;
      exchange.cancel();
    };
    const exchange = client(request.url, {
      method: request.method,
      headers: { 'accept-encoding': 'identity', 'user-agent': undefined, ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      timeout: {
        lookup: request.connectTimeoutMs,
        connect: request.connectTimeoutMs,
        secureConnect: request.connectTimeoutMs,
        request: request.timeoutMs,
      },
    });
    exchange.on('response', ({ statusCode, headers }) => {
      const error = refuseHead(statusCode, flatten(headers), request.maxBytes);
      if (error) refuse(error);
    });
    exchange.on('downloadProgress', ({ transferred }) => {
      if (transferred > request.maxBytes) refuse(tooLarge(request.maxBytes));
    });
    const forget = request.stop?.onStop(() => exchange.cancel());
    if (request.stop?.reason) exchange.cancel();
    try {
      const { statusCode, headers, rawBody } = await exchange;
      // A short answer may be whole before it can be cancelled.
      if (refusal) throw refusal;
      return { status: statusCode, headers: flatten(headers), body: Buffer.from(rawBody).toString('utf8') };
    } catch (error) {
      throw refusal ?? toUpstreamError(error);
    } finally {
      forget?.();
    }
  };

  return Object.assign(send, {
    close() {
      agent.http.destroy();
      agent.https.destroy();
    },
  });
}

function flatten(headers: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

/**
 * got's errors carry the request's options, `Authorization` included, and name the URL in their message. Neither the
 * error nor its message goes further than this function: only its code does.
 */
function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof CancelError) return new UpstreamError('aborted', 'the caller went away');
  if (error instanceof TimeoutError) {
    const requestSent = !CONNECT_PHASES.has(error.event);
    return new UpstreamError(requestSent ? 'timeout' : 'unavailable', `timeout during ${error.event}`, {
      requestSent,
    });
  }
  const code = error instanceof RequestError && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  if (code.startsWith('HPE_')) return new UpstreamError('invalid-response', `not HTTP (${code})`);
  if (error instanceof ReadError)
    return new UpstreamError('unavailable', `connection lost while reading (${code})`);
  const requestSent = !NEVER_SENT.has(code) && !code.startsWith('ERR_TLS') && !code.includes('CERT');
  return new UpstreamError('unavailable', `connection failed (${code})`, { requestSent });
}
