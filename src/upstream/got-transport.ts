import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { RequestError, TimeoutError } from 'got';
import { cancelledError } from './cancellation.ts';
import type { PoolOptions } from './connection-pool.ts';
import { decodeBody, findUnreadable, type Transport, tooLarge } from './transport.ts';
import { UpstreamError } from './upstream-error.ts';

/**
 * The transport for signing in: the token endpoint, the STS and the key sets of callers, often on hosts of their own. The
 * connect timeout applies to TCP and to TLS each. Each request opens a connection: sign-ins are rare, and the server might
 * close a reused connection just as the next request is written to it.
 */
export function createGotTransport({
  connectTimeoutMs,
  lookup,
}: Pick<PoolOptions, 'connectTimeoutMs' | 'lookup'>): Transport {
  const agentOptions = {
    keepAlive: false,
    lookup,
    autoSelectFamily: true,
    // Node.js gives an address up after this time. Its own 250 ms may be too short for a distant server, or a busy process.
    autoSelectFamilyAttemptTimeout: Math.ceil(connectTimeoutMs / 3),
  };
  const agent = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };
  const client = got.extend({
    agent,
    // A token endpoint rejects an assertion that it has seen, and the calling code decides what a status means.
    retry: { limit: 0 },
    throwHttpErrors: false,
    // A redirect would take the assertion to another host.
    followRedirect: false,
    decompress: false,
    headers: { 'accept-encoding': 'identity', 'user-agent': undefined },
    timeout: { connect: connectTimeoutMs, secureConnect: connectTimeoutMs },
  });

  return async (request) => {
    const { url, method, body, maxBytes, cancellation } = request;
    if (cancellation?.reason) throw cancelledError(cancellation, false);
    const abort = new AbortController();
    const response = client(url, {
      method,
      headers: request.headers,
      ...(body === undefined ? {} : { body }),
      timeout: { request: request.timeoutMs },
      responseType: 'buffer',
      signal: abort.signal,
    });
    response.on('downloadProgress', ({ transferred, total = 0 }) => {
      if (transferred > maxBytes || total > maxBytes) abort.abort(tooLarge(maxBytes));
    });
    response.on('request', (sent) => {
      // After 101 Switching Protocols, which nobody requested, got would wait forever, without its timeouts.
      sent.once('upgrade', (_response, socket) => {
        socket.destroy();
        abort.abort(new UpstreamError('invalid-response', 'a switch to another protocol'));
      });
      let interim = 0;
      sent.on('information', () => {
        if (++interim > MAX_INTERIM)
          abort.abort(new UpstreamError('invalid-response', 'interim responses without end'));
      });
    });
    const removeListener = cancellation?.onCancel(() => abort.abort(cancelledError(cancellation, true)));
    try {
      const { statusCode: status, headers, body: bytes } = await response;
      const unreadable = findUnreadable(status, headers, maxBytes);
      if (unreadable) throw unreadable;
      return { status, headers, body: decodeBody(bytes) };
    } catch (error) {
      throw abort.signal.reason ?? toUpstreamError(error);
    } finally {
      removeListener?.();
    }
  };
}

/** A server that sends more interim responses than this would keep this process busy until the timeout. */
const MAX_INTERIM = 100;

/**
 * got's errors carry the request's options, `Authorization` included, and name the URL in their message. So only the
 * error's code leaves this function.
 */
function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  if (error instanceof TimeoutError) {
    const kind = ['connect', 'secureConnect'].includes(error.event) ? 'unavailable' : 'timeout';
    const code = error.timings.upload === undefined ? 'ETIMEDOUT' : 'NO_RESPONSE';
    return new UpstreamError(kind, `timeout during ${error.event}`, { code });
  }
  const code = error instanceof RequestError ? error.code : 'UNKNOWN';
  const kind = code.startsWith('HPE_') ? 'invalid-response' : 'unavailable';
  return new UpstreamError(kind, `connection failed (${code})`, { code });
}
