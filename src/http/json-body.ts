import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpError } from './error-response.ts';

/** Far more than any input type of the schema needs. Limited because later code may recurse into the value. */
const MAX_NESTING = 100;

/**
 * Reads bodies as JSON, which is UTF-8 (RFC 8259, 8.1), and takes no other media type.
 *
 * Members named `__proto__` or `constructor` are ordinary members, as in the variables of a GET: `JSON.parse` defines them
 * on the object itself. Fastify's parser rejects bodies with such members, to protect code that copies members by
 * assignment. The gateway has no such code: coercion reads the names that a type defines, and copies are made by spreading.
 */
export function jsonBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    // Decoding would replace invalid bytes, so that a name in another charset would be stored damaged.
    if (!isUtf8(body)) return done(new HttpError(400, 'The body is not valid UTF-8.'));
    const text = body.toString('utf8').replace(/^\uFEFF/, '');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return done(new HttpError(400, 'The body is not valid JSON.'));
    }
    if (isDeeper(value, MAX_NESTING)) return done(new HttpError(400, 'The body is nested too deeply.'));
    return done(null, value);
  });
}

/** Whether a value has more than `levels` arrays and objects within each other. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
