const HIGH_SURROGATE = '[dD][89abAB][\\da-fA-F]{2}';
const LOW_SURROGATE = '[dD][c-fC-F][\\da-fA-F]{2}';
/** Every escape of a JSON text, so that `\\ud800`, an escaped backslash before some letters, is not taken for one. */
const ESCAPES = new RegExp(
  `\\\\(?:u${HIGH_SURROGATE}(?:\\\\u${LOW_SURROGATE})?|u${LOW_SURROGATE}|[\\s\\S])`,
  'g',
);
const LONE_LENGTH = '\\ud800'.length;

/**
 * Parses JSON that another service sent. Names and texts in the result are well-formed Unicode: half of a surrogate
 * pair, which JSON can escape, becomes U+FFFD, as an invalid byte does when a body is decoded. In a response to a client
 * it would stop strict JSON parsers (RFC 8259 section 8.2). Throws a `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(/\\ud/i.test(text) ? text.replace(ESCAPES, repair) : text);
}

function repair(escaped: string): string {
  return escaped.length === LONE_LENGTH ? '\\ufffd' : escaped;
}
