import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { parseJson } from '../json.ts';
import { HttpError } from './error-response.ts';

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
    // Decoding would replace invalid bytes, so that a name in another charset would be stored damaged.
    if (!isUtf8(body)) return done(new HttpError(400, 'The body is not valid UTF-8.'));
    const value = parseJson(body.toString('utf8').replace(/^\uFEFF/, ''));
    if (value === undefined) return done(new HttpError(400, 'The body is not valid JSON.'));
    return done(null, value);
  });
}
