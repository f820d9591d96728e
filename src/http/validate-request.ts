import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpRefusal } from './error-response.ts';
import { chooseResultType, findJsonTypeProblem } from './media-type.ts';

/** Refuses what the head of a request shows to be wrong, before its body is read. */
export function httpChecks(app: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsOf.set(url, methods);
  });
  app.addHook('onRequest', (request, reply, done) => {
    const isNoPreflight = request.method === 'OPTIONS' && !isPreflight(request.headers);
    done(isNoPreflight ? toRouteRefusal(request, reply, methodsOf) : undefined);
  });
  // Not earlier: the hooks of CORS run on arrival, and pages that may call may also read what is wrong.
  app.addHook('preParsing', (request, reply, _payload, done) => {
    const refusal =
      checkHost(request) ??
      (request.is404 ? toRouteRefusal(request, reply, methodsOf) : undefined) ??
      (request.method === 'POST'
        ? (checkBodyHeaders(request.headers) ?? checkAccept(request.headers))
        : undefined);
    done(refusal ?? null);
  });
}

function isPreflight({ origin, 'access-control-request-method': method }: IncomingHttpHeaders): boolean {
  return origin !== undefined && method !== undefined;
}

/** 405 where another method would do, and 404 where none does. */
function toRouteRefusal(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  methodsOf: ReadonlyMap<string, ReadonlySet<string>>,
): HttpRefusal {
  const path = raw.url?.split('?', 1)[0] ?? '';
  const methods = path === '*' ? undefined : methodsOf.get(path);
  if (!methods) {
    return new HttpRefusal(404, 'There is nothing at this path. The GraphQL endpoint is /graphql.');
  }
  const allow = [...methods].join(', ');
  reply.header('allow', allow);
  return new HttpRefusal(405, `The method is not allowed here: use ${allow}.`);
}

function checkHost({ raw }: FastifyRequest): HttpRefusal | undefined {
  const { rawHeaders, httpVersion, headers, url = '' } = raw;
  // Node.js keeps the first of several, and somebody before us may have gone by the last.
  const hosts = countHeader(rawHeaders, 'host');
  // HTTP/1.0 need not have one, but what reads the URL of a GraphQL request does.
  if (hosts === 0 && httpVersion === '1.0') headers.host = 'localhost';
  else if (hosts !== 1) return new HttpRefusal(400, 'Send one `host` header.');
  const isPlain = url === '/graphql' && /^[a-z\d.-]+(:\d{1,4})?$/i.test(headers.host ?? '');
  return isPlain || URL.canParse(url, `http://${headers.host}`)
    ? undefined
    : new HttpRefusal(400, 'The URL or the `host` header is malformed.');
}

/** Names and values take turns in `rawHeaders`. */
function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const found = rawHeaders[at] as string;
    if (found.length === name.length && found.toLowerCase() === name) count++;
  }
  return count;
}

function checkBodyHeaders(headers: IncomingHttpHeaders): HttpRefusal | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'transfer-encoding': transfer } = headers;
  const problem = findJsonTypeProblem(type);
  if (problem === 'type')
    return new HttpRefusal(415, 'Send the request as `content-type: application/json`.');
  if (problem === 'charset') return new HttpRefusal(415, 'Send the body in UTF-8.');
  // Never decompressed: a few kilobytes can become gigabytes.
  const isCompressed =
    !/^[\s,]*(identity[\s,]*)?$/i.test(encoding ?? '') || !/^chunked$/i.test(transfer ?? 'chunked');
  return isCompressed
    ? new HttpRefusal(415, 'Send the body as it is: compressed ones are not read.')
    : undefined;
}

/** Checked before the operation runs: a mutation must not be done and then be answered with 406. */
function checkAccept({ accept }: IncomingHttpHeaders): HttpRefusal | undefined {
  if (chooseResultType(accept) !== undefined) return undefined;
  return notAcceptable();
}

/** Neither of the media types of a GraphQL result is acceptable to the client. */
export function notAcceptable(): HttpRefusal {
  return new HttpRefusal(406, 'Accept `application/json` or `application/graphql-response+json`.');
}
