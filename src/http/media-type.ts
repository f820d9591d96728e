/// <reference path="negotiator.d.ts" />
import { MIMEType } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Negotiator } from 'negotiator';
import { parseJson } from '../json.ts';
import { HttpError } from './error-response.ts';

/** No real media type is this long. The time to parse one grows with the square of its length. */
const MAX_CONTENT_TYPE_CHARS = 256;

/** Why a body of this `Content-Type` cannot be read as JSON in UTF-8; undefined when it can. */
export function findJsonTypeProblem(contentType = ''): 'type' | 'charset' | undefined {
  if (contentType === 'application/json') return undefined;
  if (contentType.length > MAX_CONTENT_TYPE_CHARS) return 'type';
  try {
    const { essence, params } = new MIMEType(contentType);
    if (essence !== 'application/json') return 'type';
    return /^utf-?8$/i.test(params.get('charset') ?? 'utf-8') ? undefined : 'charset';
  } catch {
    return 'type';
  }
}

/** Throws for invalid bytes, and drops a byte order mark (Encoding standard, "TextDecoder"). */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads bodies as JSON, which is UTF-8 (RFC 8259, 8.1), and takes no other media type.
 *
 * Members named `__proto__` or `constructor` are ordinary members, as in the variables of a GET: `JSON.parse` defines them
 * on the object itself. Fastify's parser rejects bodies with such members, to protect code that copies members by
 * assignment. The gateway has no such code: coercion reads the names that a type defines, and copies are made by spreading.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    let text: string;
    try {
      text = utf8.decode(body);
    } catch {
      // If invalid bytes were replaced, a name in another charset would be stored damaged.
      return done(new HttpError(400, 'The body is not valid UTF-8.'));
    }
    const value = parseJson(text);
    if (value === undefined) return done(new HttpError(400, 'The body is not valid JSON.'));
    return done(null, value);
  });
}

/** The media types of GraphQL results and of pages, in the order of preference of this server. */
const TYPES = ['application/json', 'application/graphql-response+json', 'text/html'] as const;
type Type = (typeof TYPES)[number];
export type ResultType = Exclude<Type, 'text/html'>;

/**
 * The media type of a GraphQL result for this `Accept` header (RFC 9110 section 12.5.1); undefined when the client
 * accepts neither. Without the header, and with an empty one, any type is acceptable.
 */
export function chooseResultType(accept = ''): ResultType | undefined {
  return acceptable.memo(accept).find((type) => type !== 'text/html');
}

/** Whether a browser prefers a page to a GraphQL result. */
export function prefersHtml(accept = ''): boolean {
  return acceptable.memo(accept)[0] === 'text/html';
}

/** The types that a client accepts, the best first. Clients send few different headers, so the results are cached. */
const acceptable = new LRUCache<string, readonly Type[]>({ max: 100, memoMethod: rank });

/** Browsers send about ten types. Further types are ignored, because each takes microseconds. */
const MAX_TYPES = 100;
/** All of our types are in UTF-8, so clients may ask for it. Some write `utf8`, which has no other meaning. */
const UTF_8 = /;[ \t]*charset="?utf-?8"?/gi;

function rank(accept: string): readonly Type[] {
  const list = accept.split(',', MAX_TYPES).join(',').replace(UTF_8, '');
  return /^[\s,]*$/.test(list) ? TYPES : new Negotiator({ headers: { accept: list } }).mediaTypes(TYPES);
}
