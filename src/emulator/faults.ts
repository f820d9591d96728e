import {
  type FaultContext,
  hangInBody,
  leakingReply,
  pause,
  sendChanged,
  sendGzipBomb,
  sendHalf,
  sendHtml,
  sendHuge,
  sendHugeChunked,
  sendRaw,
  sendSlowly,
  sendText,
  withNulls,
  withoutMember,
  withUnknownEnum,
} from './fault-responses.ts';
import type { PagingFault } from './paging.ts';
import { edgeError, oauthError, type Reply, vendorError, vendorStatus } from './reply.ts';

/** `argument` is the digits in place of N, NNN or SECONDS in the fault's name. */
type Fault = (context: FaultContext, argument: string) => Promise<void> | void;

/** All faults by name. `NNN`, `N` and `SECONDS` in a name stand for digits. */
const faults: Readonly<Record<string, Fault>> = {
  // An error status.
  'status-NNN': (context, status) => context.send(statusReply(context, Number(status))),
  '500-empty': ({ send }) => send({ status: 500, headers: { 'content-length': '0' } }),
  html502: (context) => sendHtml(context, 502, 'Bad Gateway'),
  html503: (context) => sendHtml(context, 503, 'Service Unavailable'),
  html504: (context) => sendHtml(context, 504, 'Gateway Timeout'),
  '403-unauthorized': ({ send }) => send(vendorError('UnauthorizedError')),
  '401-expired': ({ send }) =>
    send(vendorError('InvalidJwtTokenError', { details: [{ issue: 'jwt-expired' }] })),
  '429-SECONDS': ({ send }, seconds) => send(tooMany(seconds)),
  '429-none': ({ send }) => send(tooMany()),
  '429-date': ({ send }) => send(tooMany(new Date(Date.now() + 2000).toUTCString())),
  '429-negative': ({ send }) => send(tooMany('-5')),
  leak: ({ send }) => send(leakingReply(500, 'UnexpectedError')),
  'leak-403': ({ send }) => send(leakingReply(403, 'ActionForbiddenError')),

  // A success status with a wrong body.
  badjson: (context) => sendText(context, '{"id": "b5df235d", "name": oops'),
  html200: (context) => sendHtml(context, 200, 'Sign in'),
  empty: (context) => sendText(context, ''),
  null: (context) => sendText(context, 'null'),
  array: (context) => sendText(context, '[]'),
  string: (context) => sendText(context, '"token"'),
  '204': ({ send }) => send({ status: 204 }),
  wrongtype: (context) => sendChanged(context, (item, name) => ({ ...item, [name]: { first: 42 } })),
  missing: (context) => sendChanged(context, withoutMember),
  nullfields: (context) => sendChanged(context, withNulls),
  'unknown-enum': (context) => sendChanged(context, withUnknownEnum),
  'wrong-id': (context) =>
    sendChanged(context, (item) => ({ ...item, id: '00000000-0000-4000-8000-00000000beef' })),
  'echo-principal': (context) =>
    sendChanged(context, (item) => ({ ...item, name: context.principal.padEnd(3, '.') })),

  // The connection breaks before, during or right after the response.
  reset: ({ request }) => void request.socket.resetAndDestroy(),
  // The operation is carried out N ms after the reset.
  'reset-late-N': async ({ request, answer }, delayMs) => {
    request.socket.resetAndDestroy();
    await pause(Number(delayMs));
    await answer();
  },
  close: ({ request }) => void request.socket.destroy(),
  // Sends FIN and nothing else, and keeps reading: the client's half of the connection stays open.
  'half-open': ({ request }) => void request.socket.end(),
  truncated: (context) => sendHalf(context),
  'truncated-chunked': (context) => sendHalf(context, { chunked: true }),
  'reset-mid': (context) => sendHalf(context, { reset: true }),
  garbage: ({ request }) => void request.socket.end('\u0000\u0001SSH-2.0-OpenSSH_9.6\r\n\r\n'),
  twolengths: (context) =>
    sendRaw(
      context,
      (length) =>
        `content-type: application/json\r\ncontent-length: ${length}\r\ncontent-length: ${length - 7}`,
    ),
  bigheaders: (context) =>
    sendRaw(context, (length) => `content-length: ${length}\r\nx-padding: ${'x'.repeat(256 * 1024)}`),
  'idle-reset': async ({ request: { socket }, response, answer, send }) => {
    response.once('finish', () => setTimeout(() => socket.resetAndDestroy(), 5).unref());
    send(await answer());
  },

  // The response is late, or is never sent.
  hang: () => undefined,
  'hang-body': hangInBody,
  slowdrip: sendSlowly,
  'latency-N': async ({ answer, send }, delayMs) => {
    await pause(Number(delayMs));
    send(await answer());
  },

  // The response is far too large, or says that it is compressed.
  huge: (context) => sendHuge(context, 'padding'),
  'huge-name': (context) => sendHuge(context, 'name'),
  'huge-chunked': sendHugeChunked,
  badgzip: (context) => sendText(context, 'this was never packed', { 'content-encoding': 'gzip' }),
  gzipbomb: sendGzipBomb,

  // The response sends the client somewhere else.
  'redirect-302': redirect(302, ({ redirectOrigin, request }) => redirectOrigin + request.url),
  'redirect-307': redirect(307, ({ redirectOrigin, request }) => redirectOrigin + request.url),
  'redirect-same': redirect(307, ({ origin }) => `${origin}/iam/v1/sts/whoami`),
  'redirect-loop': redirect(307, ({ origin, request }) => origin + request.url),
  'redirect-file': redirect(302, () => 'file:///etc/passwd'),
  'redirect-metadata': redirect(
    302,
    () => 'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
  ),

  // The first N requests of a principal for a URL fail, later ones succeed. Clearing the plan resets the count.
  'flaky-N': failFirst(({ send }) => send(edgeError(503, 'Service Unavailable'))),
  'flaky-reset-N': failFirst(({ request }) => void request.socket.resetAndDestroy()),
  'flaky-429-N': failFirst(({ send }) => send(tooMany('0'))),

  // Pages of lists are cut in unusual ways, some of which the API permits. Other operations are not affected.
  'page-repeat': cutPages('repeat'),
  'page-empty': cutPages('empty'),
  'page-empty-always': cutPages('always-empty'),
  'page-short': cutPages('short'),
  'page-ignore': cutPages('ignore'),
};

/** With the error body of the vendor, or of OAuth at the token endpoint; without one where HTTP forbids it. */
function statusReply({ operation }: FaultContext, status: number): Reply {
  if (status === 204 || status === 304) return { status };
  if (operation !== 'createAccessToken') return vendorStatus(status);
  return oauthError(status, status < 500 ? 'invalid_client' : 'server_error', `Status ${status}`);
}

function tooMany(retryAfter?: string): Reply {
  const reply = edgeError(429, 'Too Many Requests');
  return retryAfter === undefined ? reply : { ...reply, headers: { 'retry-after': retryAfter } };
}

function redirect(status: number, locate: (context: FaultContext) => string): Fault {
  return (context) => context.send({ status, headers: { location: locate(context), 'content-length': '0' } });
}

function failFirst(fail: (context: FaultContext) => void): Fault {
  return async (context, times) => {
    if (context.hit <= Number(times)) fail(context);
    else context.send(await context.answer());
  };
}

function cutPages(pagingFault: PagingFault): Fault {
  return async ({ answer, send }) => send(await answer(pagingFault));
}

/** The prefix of a fault before which the operation is carried out: a write whose response is lost. */
const AFTER = 'after-';

/** Every name, with `N`, `NNN` and `SECONDS` for digits and `FAULT` for any other name. */
export const faultNames: readonly string[] = [...Object.keys(faults), `${AFTER}FAULT`, `${AFTER}NNN`];

const patterns = Object.entries(faults).map(([name, fault]) => {
  const digits = name.replace('NNN', '([2-5]\\d\\d)').replace(/SECONDS$|N$/, '(\\d+)');
  return { pattern: new RegExp(`^${digits}$`), fault };
});

/** Responds to a request. */
type RunFault = (context: FaultContext) => Promise<void> | void;

/** Undefined if there is no fault of that name. */
export function findFault(name: string): RunFault | undefined {
  if (name.startsWith(AFTER)) return findLateFault(name.slice(AFTER.length));
  for (const { pattern, fault } of patterns) {
    const match = pattern.exec(name);
    if (match) return (context) => fault(context, match[1] ?? '');
  }
  return undefined;
}

function findLateFault(name: string): RunFault | undefined {
  const fault = findFault(/^\d{3}$/.test(name) && name !== '204' ? `status-${name}` : name);
  if (fault === undefined) return undefined;
  return async (context) => {
    await context.answer();
    await fault(context);
  };
}

/** The message about a name that `findFault` does not know. */
export function unknownFault(name: string): string {
  return `Expected the name of a fault, got "${name}". There are: ${faultNames.join(', ')}.`;
}
