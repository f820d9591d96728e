import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { ReadError, RequestError, type Response, TimeoutError } from 'got';
import { type Stop, stopped } from './cancellation.ts';
import { type HttpRequest, type HttpResponse, refuseHead, type Transport, tooLarge } from './transport.ts';
import { UpstreamError } from './upstream-error.ts';

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

/**
 * The transport for everything that changes something or signs in. `close` drops the idle connections. By got's streams,
 * which cost two thirds of its promises.
 */
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
    // One owner of each duty: got only carries. What a status means is decided in send.ts, and so is who retries: a
    // stream of got's is not sent again unless somebody listens to `retry`.
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
  });

  const send = (request: HttpRequest) =>
    new Promise<HttpResponse>((resolve, reject) => {
      if (request.stop?.reason) return reject(stopped(request.stop, false));
      const chunks: Buffer[] = [];
      let size = 0;
      let status = 0;
      let headers: HttpResponse['headers'] = {};
      const exchange = client.stream(request.url, {
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
      // A stream waits for a body that may still be written, except with GET.
      if (request.body === undefined && request.method !== 'GET') exchange.end();
      const fail = (error: UpstreamError) => {
        forget?.();
        reject(error);
        exchange.destroy();
      };
      const forget = request.stop?.onStop(() => fail(stopped(request.stop as Stop, true)));
      exchange.on('response', (response: Response) => {
        status = response.statusCode;
        headers = flatten(response.headers);
        const refusal = refuseHead(status, headers, request.maxBytes);
        if (refusal) fail(refusal);
      });
      exchange.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > request.maxBytes) fail(tooLarge(request.maxBytes));
        else chunks.push(chunk);
      });
      exchange.on('end', () => {
        forget?.();
        resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
      });
      exchange.on('error', (error) => fail(toUpstreamError(error)));
    });

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
