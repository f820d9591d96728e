import { edgeError, oauthError, type Reply, vendorError, vendorStatus } from '../reply.ts';
import type { Exchange, FaultTable } from './fault.ts';

/** Texts that must never come out at the other end of a gateway. */
export const leakCanaries = [
  'LEAK-CANARY-STACK',
  'ip-10-13-7-42.ap-southeast-1.compute.internal',
  'LEAK-CANARY-PRIVATE-KEY',
] as const;

const LEAK = {
  traceId: '5d1f6f0e-6f0b-4f5c-9d57-0a4f5be0c0de',
  stack: `Error: ${leakCanaries[0]}\n    at Object.handler (/var/task/src/tokens/get.js:42:17)`,
  host: leakCanaries[1],
  details: [{ issue: `connect ECONNREFUSED ${leakCanaries[1]}:5432`, field: 'd', value: leakCanaries[2] }],
};

/** Answers with a status that is not the right one. */
export const statusFaults: FaultTable = {
  'status-NNN': (exchange, status) => exchange.send(statusReply(exchange, Number(status))),
  '500-empty': ({ response }) => void response.writeHead(500, { 'content-length': '0' }).end(),
  html502: ({ response }) => sendHtml(response, 502, 'Bad Gateway'),
  html503: ({ response }) => sendHtml(response, 503, 'Service Unavailable'),
  html504: ({ response }) => sendHtml(response, 504, 'Gateway Timeout'),
  '403-unauthorized': ({ send }) => send(vendorError('UnauthorizedError')),
  '401-expired': ({ send }) =>
    send(vendorError('InvalidJwtTokenError', { details: [{ issue: 'jwt-expired' }] })),
  '429-SECONDS': ({ send }, seconds) => send(tooMany(seconds)),
  '429-none': ({ send }) => send(tooMany(undefined)),
  '429-date': ({ send }) => send(tooMany(new Date(Date.now() + 2000).toUTCString())),
  '429-negative': ({ send }) => send(tooMany('-5')),
  leak: ({ send }) => send(leaking(500, 'UnexpectedError')),
  'leak-403': ({ send }) => send(leaking(403, 'ActionForbiddenError')),
};

/** The vendor's body, OAuth's at the token endpoint, none where HTTP forbids one. */
function statusReply({ operation }: Exchange, status: number): Reply {
  if (status === 204 || status === 304) return { status };
  if (operation !== 'createAccessToken') return vendorStatus(status);
  return oauthError(status, status < 500 ? 'invalid_client' : 'server_error', `Status ${status}`);
}

export function sendHtml(response: Exchange['response'], status: number, title: string): void {
  const html = `<html><head><title>${status} ${title}</title></head><body><h1>${title}</h1></body></html>`;
  response.writeHead(status, { 'content-type': 'text/html', 'content-length': html.length }).end(html);
}

function tooMany(retryAfter: string | undefined): Reply {
  const reply = edgeError(429, 'Too Many Requests');
  return retryAfter === undefined ? reply : { ...reply, headers: { 'retry-after': retryAfter } };
}

function leaking(status: number, name: string): Reply {
  const message = `select * from tokens where host = '${leakCanaries[1]}': ${leakCanaries[0]}`;
  return { status, body: { name, message, httpStatusCode: status, ...LEAK } };
}
