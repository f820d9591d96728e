import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopbackAuthority } from '../config/urls.ts';
import { HttpError } from './error-response.ts';
import { findJsonTypeProblem } from './media-type.ts';

/** The methods of each path that is served. */
type Routes = ReadonlyMap<string, ReadonlySet<string>>;

/** Rejects requests with invalid headers, path or method before their body is read. */
export function addRequestChecks(app: FastifyInstance, routes: Routes, isLoopbackOnly: boolean): void {
  const checkHost = createHostCheck(isLoopbackOnly);
  app.addHook('onRequest', (request, _reply, done) => {
    const { origin, 'access-control-request-method': requested } = request.headers;
    const isPreflight = origin !== undefined && requested !== undefined;
    const isPlainOptions = request.method === 'OPTIONS' && !isPreflight;
    done(checkHost(request) ?? (isPlainOptions ? routeError(request, routes) : undefined));
  });
  // These checks run after the CORS hooks, which are `onRequest` hooks, so that allowed pages can read the error.
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const error =
      (isOtherPath(request) ? routeError(request, routes) : undefined) ??
      (request.method === 'POST' ? checkPostHeaders(request.headers) : undefined);
    done(error ?? null);
  });
}

/**
 * Checks that a request names one host, in a well-formed URL, and on a loopback listener a loopback host: any web page can
 * point its own host name at a loopback address and then read the responses of a gateway on the visitor's machine (DNS
 * rebinding). Only the host name distinguishes such a page from a local client, so this check comes before CORS.
 */
function createHostCheck(isLoopbackOnly: boolean): (request: FastifyRequest) => HttpError | undefined {
  let known: string | undefined;
  const isServed = (host: string, target: string) =>
    !isLoopbackOnly ||
    [host, hostOf(target) ?? host].every((name) => name === known || isLoopbackAuthority(name));
  return ({ raw, originalUrl }) => {
    const { httpVersion, headers } = raw;
    // In `headers`, Node.js keeps the first of several `host` headers, and a proxy may have used the last.
    const { length: hosts } = headerValues(raw, 'host');
    // HTTP/1.0 allows a request without one, but the URL of a GraphQL request needs one.
    if (hosts === 0 && httpVersion === '1.0') headers.host = 'localhost';
    else if (hosts !== 1) return new HttpError(400, 'Send one `host` header.');
    const { host = '' } = headers;
    // Nearly every request has the host of the one before and needs no URL parser.
    if (host === known && originalUrl === '/graphql') return undefined;
    if (!isWellFormed(host, originalUrl))
      return new HttpError(400, 'The URL or the `host` header is malformed.');
    if (!isServed(host, originalUrl)) return new HttpError(421, MISDIRECTED);
    known = host;
    return undefined;
  };
}

/** The value of each header with this name, which is in lower case. `headersDistinct` would copy all headers. */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  return rawHeaders.filter((_, at) => {
    const other = at % 2 === 0 ? '' : rawHeaders[at - 1];
    return other?.length === name.length && other.toLowerCase() === name;
  });
}

function isWellFormed(host: string, target: string): boolean {
  // A parser takes `http:///graphql` for the host `graphql`.
  return !/[/?#@\\]/.test(host) && hostOf(target) !== '' && URL.canParse(target, `http://${host}`);
}

const MISDIRECTED =
  'This gateway serves only clients on its own machine. Use the host name localhost or 127.0.0.1.';

/** The host in a target that is a whole URL (RFC 9112 section 3.2.2). */
function hostOf(target: string): string | undefined {
  return /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
}

/** Whether no route has exactly this path. The router alone would decode the path before it compares. */
function isOtherPath({ is404, raw: { url }, routeOptions }: FastifyRequest): boolean {
  return is404 || pathOf(url) !== routeOptions.url;
}

export function pathOf(url = ''): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** 405 where another method is served, else 404. */
function routeError({ raw }: FastifyRequest, routes: Routes): HttpError {
  const path = pathOf(raw.url);
  const methods = path === '*' ? undefined : routes.get(path);
  if (!methods)
    return notFound(
      routes.has('/graphql') ? undefined : `This listener has ${[...routes.keys()].join(', ')}.`,
    );
  const allow = [...methods].join(', ');
  const hint = path === '/' ? ' The GraphQL endpoint is /graphql.' : '';
  return new HttpError(405, `The method is not allowed here: use ${allow}.${hint}`, { allow });
}

export function notFound(hint = 'The GraphQL endpoint is /graphql.'): HttpError {
  return new HttpError(404, `There is nothing at this path. ${hint}`);
}

/** The path and the query of a target that is a whole URL; other targets as they are. */
export function toOriginForm(target: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(target)?.[1];
  if (rest === undefined) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function checkPostHeaders(headers: IncomingHttpHeaders): HttpError | undefined {
  const { 'content-type': type, 'content-encoding': encoding, 'transfer-encoding': transfer } = headers;
  const problem = findJsonTypeProblem(type);
  if (problem === 'type') return new HttpError(415, 'Send the request as `content-type: application/json`.');
  if (problem === 'charset') return new HttpError(415, 'Send the body in UTF-8.');
  // Bodies are never decompressed: a few kilobytes can become gigabytes.
  const isCompressed =
    !/^[\s,]*(identity[\s,]*)?$/i.test(encoding ?? '') || !/^chunked$/i.test(transfer ?? 'chunked');
  // The header tells programs that the coding is the reason, and not the media type (RFC 9110 section 12.5.3).
  return isCompressed
    ? new HttpError(415, 'Send the body uncompressed.', { 'accept-encoding': 'identity' })
    : undefined;
}
