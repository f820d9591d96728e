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
    if (isTooDeep(body)) return done(new HttpError(400, 'The body is nested too deeply.'));
    const text = body.toString('utf8').replace(/^\uFEFF/, '');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return done(new HttpError(400, 'The body is not valid JSON.'));
    }
    return done(null, value);
  });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** How a byte outside of strings changes the number of open brackets. */
const STEP = new Int8Array(256);
for (const bracket of '[{') STEP[bracket.charCodeAt(0)] = 1;
for (const bracket of ']}') STEP[bracket.charCodeAt(0)] = -1;

/** Reads bytes, which is safe because the bytes of longer UTF-8 characters are never in the range of ASCII. */
function isTooDeep(json: Buffer): boolean {
  let open = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (byte === QUOTE) at = endOfString(json, at + 1);
    else open += STEP[byte] as number;
    if (open > MAX_NESTING) return true;
  }
  return false;
}

function endOfString(json: Buffer, start: number): number {
  let at = start;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
