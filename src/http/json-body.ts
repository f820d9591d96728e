import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpError } from './error-response.ts';

/** Far above what any input type of the schema needs. Code that meets the value later may recurse into it. */
const MAX_NESTING = 100;

/**
 * Reads bodies as JSON, which is UTF-8 (RFC 8259, 8.1), and takes no other media type.
 *
 * Members named `__proto__` or `constructor` are ordinary members, as in the variables of a GET: `JSON.parse` defines them
 * on the object itself. Fastify's parser rejects bodies with such members, to protect code that copies members by
 * assignment. Nothing here does: coercion reads the names that a type defines, and copies are made by spreading.
 */
export function jsonBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    // Decoding would replace invalid bytes: a name in another charset would be stored damaged.
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
/** What a byte outside of strings does to the number of open brackets. */
const STEP = new Int8Array(256);
for (const bracket of '[{') STEP[bracket.charCodeAt(0)] = 1;
for (const bracket of ']}') STEP[bracket.charCodeAt(0)] = -1;

/** Reads bytes: those of longer UTF-8 characters are never in the range of ASCII. */
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
