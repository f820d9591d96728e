import {
  afterItIsRead,
  changeItem,
  type Fault,
  type FaultContext,
  hangInBody,
  hugeReply,
  leakingReply,
  sendGzipBomb,
  sendHalf,
  sendHugeChunked,
  sendRaw,
  sendSlowly,
  withUnknownEnum,
} from './fault-responses.ts';
import { edgeError, oauthError, ok, type Reply, vendorError, vendorStatus } from './reply.ts';

const OTHER_ORIGIN = 'http://other-host.invalid';

/** All faults by name. `NNN`, `N` and `SECONDS` in a name stand for digits. */
const faults: Readonly<Record<string, Fault>> = {
  // An error status.
  'status-NNN': (context, status) => statusReply(context, Number(status)),
  '500-empty': () => ({ status: 500, headers: { 'content-length': '0' } }),
  html502: () => html(502, 'Bad Gateway'),
  html503: () => html(503, 'Service Unavailable'),
  html504: () => html(504, 'Gateway Timeout'),
  '403-unauthorized': () => vendorError('UnauthorizedError'),
  '401-expired': () => vendorError('InvalidJwtTokenError', { details: [{ issue: 'jwt-expired' }] }),
  '429-SECONDS': (_context, seconds) => tooMany({ 'retry-after': seconds }),
  '429-none': () => tooMany(),
  '429-date': () => tooMany({ 'retry-after': new Date(Date.now() + 2000).toUTCString() }),
  '429-negative': () => tooMany({ 'retry-after': '-5' }),
  leak: () => leakingReply(500, 'UnexpectedError'),
  'leak-403': () => leakingReply(403, 'ActionForbiddenError'),

  // A success status with a wrong body.
  badjson: () => ok('{"id": "b5df235d", "name": oops'),
  html200: () => html(200, 'Sign in'),
  empty: () => ok(''),
  null: () => ok('null'),
  array: () => ok('[]'),
  string: () => ok('"token"'),
  '204': () => ({ status: 204 }),
  wrongtype: changeItem((item, name) => ({ ...item, [name]: { first: 42 } })),
  missing: changeItem((item, name) => ({ ...item, [name]: undefined })),
  nullfields: changeItem(({ id, ...others }) => ({
    id,
    ...Object.fromEntries(Object.keys(others).map((name) => [name, null])),
  })),
  'unknown-enum': changeItem(withUnknownEnum),
  'wrong-id': changeItem((item) => ({ ...item, id: '00000000-0000-4000-8000-00000000beef' })),
  'echo-principal': changeItem((item, _name, { principal }) => ({ ...item, name: principal.padEnd(3, '.') })),

  // The connection breaks before, during or right after the response.
  reset: ({ request }) => void request.socket.resetAndDestroy(),
  // The operation is carried out N ms after the reset.
  'reset-late-N': async ({ request, runOperation, wait }, delayMs) => {
    request.socket.resetAndDestroy();
    await wait(Number(delayMs));
    await runOperation();
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
  'idle-reset': ({ request: { socket }, response, runOperation }) => {
    response.once('finish', () => afterItIsRead(5, () => socket.resetAndDestroy()));
    return runOperation();
  },

  // The response is late, or is never sent.
  hang: () => undefined,
  'hang-body': hangInBody,
  slowdrip: sendSlowly,
  'latency-N': async ({ runOperation, wait }, delayMs) => {
    await wait(Number(delayMs));
    return runOperation();
  },

  // The response is far too large, or says that it is compressed.
  huge: (context) => hugeReply(context, 'padding'),
  'huge-name': (context) => hugeReply(context, 'name'),
  'huge-chunked': sendHugeChunked,
  badgzip: () => ({ ...ok('this is not compressed'), headers: { 'content-encoding': 'gzip' } }),
  gzipbomb: sendGzipBomb,

  // The response sends the client somewhere else.
  'redirect-302': ({ request }) => redirect(302, OTHER_ORIGIN + request.url),
  'redirect-307': ({ request }) => redirect(307, OTHER_ORIGIN + request.url),
  'redirect-same': ({ origin }) => redirect(307, `${origin}/iam/v1/sts/whoami`),
  'redirect-loop': ({ origin, request }) => redirect(307, origin + request.url),
  'redirect-file': () => redirect(302, 'file:///etc/passwd'),
  'redirect-metadata': () =>
    redirect(302, 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'),

  // The first N requests of a principal for a URL fail, later ones succeed. Clearing the plan resets the count.
  'flaky-N': failFirst(() => edgeError(503, 'Service Unavailable')),
  'flaky-reset-N': failFirst(({ request }) => void request.socket.resetAndDestroy()),
  'flaky-429-N': failFirst(() => tooMany({ 'retry-after': '0' })),

  // Pages of lists are cut in unusual ways, some of which IAM permits. Other operations are not affected.
  'page-repeat': ({ runOperation }) => runOperation('repeat'),
  'page-empty': ({ runOperation }) => runOperation('empty'),
  'page-empty-always': ({ runOperation }) => runOperation('always-empty'),
  'page-short': ({ runOperation }) => runOperation('short'),
  'page-ignore': ({ runOperation }) => runOperation('ignore'),
};

/** With the error body of the vendor, or of OAuth at the token endpoint; without one where HTTP forbids it. */
function statusReply({ operation }: FaultContext, status: number): Reply {
  if (status === 204 || status === 304) return { status };
  if (operation !== 'createAccessToken') return vendorStatus(status);
  return oauthError(status, status < 500 ? 'invalid_client' : 'server_error', `Status ${status}`);
}

function html(status: number, title: string): Reply {
  const body = `<html><head><title>${status} ${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, body, headers: { 'content-type': 'text/html' } };
}

function tooMany(headers?: Record<string, string>): Reply {
  return { ...edgeError(429, 'Too Many Requests'), ...(headers && { headers }) };
}

function redirect(status: number, location: string): Reply {
  return { status, headers: { location, 'content-length': '0' } };
}

function failFirst(fail: Fault): Fault {
  return (context, times) =>
    context.countHit() <= Number(times) ? fail(context, '') : context.runOperation();
}

/** The prefix of a fault before which the operation is carried out: a write whose response is lost. */
const AFTER = 'after-';

/** Every name, with `N`, `NNN` and `SECONDS` for digits and `FAULT` for any other name. */
export const faultNames: readonly string[] = [...Object.keys(faults), `${AFTER}FAULT`, `${AFTER}NNN`];

// At most nine digits, because a timer of more than 2^31 ms would end at once.
const patterns = Object.entries(faults).map(([name, fault]) => {
  const digits = name.replace('NNN', '([2-5]\\d\\d)').replace(/SECONDS$|N$/, '(\\d{1,9})');
  return { pattern: new RegExp(`^${digits}$`), fault };
});

/** Finds a fault by its name. Undefined if there is none. */
export function findFault(name: string): ((context: FaultContext) => ReturnType<Fault>) | undefined {
  if (name.startsWith(AFTER)) {
    const late = name.slice(AFTER.length);
    const fault = findFault(/^\d{3}$/.test(late) && late !== '204' ? `status-${late}` : late);
    return fault && ((context) => context.runOperation().then(() => fault(context)));
  }
  for (const { pattern, fault } of patterns) {
    const match = pattern.exec(name);
    if (match) return (context) => fault(context, match[1] ?? '');
  }
  return undefined;
}

/** The message about a name that `findFault` does not know. */
export function unknownFault(name: string): string {
  return `Expected the name of a fault, got "${name}". The faults are ${faultNames.join(', ')}.`;
}
