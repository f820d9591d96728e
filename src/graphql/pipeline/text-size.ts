/** What a document's text says about it before it is parsed. */
export interface SourceSize {
  readonly tokens: number;
  /** The most brackets, of any kind, that are open at once. */
  readonly brackets: number;
}

// What a character begins. What is not listed is a token by itself, or nothing that GraphQL knows.
const OTHER = 0;
const IGNORED = 1;
const OPENS = 2;
const CLOSES = 3;
const NAME = 4;
const NUMBER = 5;
const STRING = 6;
const COMMENT = 7;
const SPREAD = 8;

const KINDS = new Uint8Array(128);
for (const [kind, characters] of [
  [IGNORED, '\t\n\r ,'],
  [OPENS, '([{'],
  [CLOSES, ')]}'],
  [NAME, '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  [NUMBER, '-0123456789'],
  [STRING, '"'],
  [COMMENT, '#'],
  [SPREAD, '.'],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Counts in one pass and without recursion, since the parser that comes after recurses once for every open bracket: a
 * few thousand of them end its stack. For a document that is well-formed the counts are those of GraphQL's lexer. In any
 * other they are right up to the place where the parser stops, and that is as far as it recurses.
 */
export function measureSource(text: string): SourceSize {
  let tokens = 0;
  let open = 0;
  let brackets = 0;
  let at = 0;
  while (at < text.length) {
    const kind = kindAt(text, at);
    if (kind === IGNORED) {
      at++;
      continue;
    }
    if (kind === COMMENT) {
      at = endOfLine(text, at);
      continue;
    }
    tokens++;
    if (kind === OPENS) brackets = Math.max(brackets, ++open);
    else if (kind === CLOSES) open--;
    at = endOfToken(text, at, kind);
  }
  return { tokens, brackets };
}

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === BYTE_ORDER_MARK) return IGNORED;
  return code < 128 ? (KINDS[code] as number) : OTHER;
}

function endOfToken(text: string, at: number, kind: number): number {
  switch (kind) {
    case NAME:
      return endOfName(text, at + 1);
    case NUMBER:
      return endOfNumber(text, at);
    case STRING:
      return text.startsWith('"""', at) ? endOfBlockString(text, at + 3) : endOfString(text, at + 1);
    case SPREAD:
      return text.startsWith('...', at) ? at + 3 : at + 1;
    default:
      return at + 1;
  }
}

function endOfName(text: string, start: number): number {
  let at = start;
  while (at < text.length && (kindAt(text, at) === NAME || isDigit(text.charCodeAt(at)))) at++;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** `1-1` is two tokens, as `a-1` is. */
function endOfNumber(text: string, start: number): number {
  const number = /-?\d*(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  number.lastIndex = start;
  number.test(text);
  return Math.max(number.lastIndex, start + 1);
}

/** A line end within quotes is where the parser stops, so nothing behind it matters. */
function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '"') return at + 1;
    else if (character === '\n' || character === '\r') break;
  }
  return text.length;
}

function endOfBlockString(text: string, start: number): number {
  let end = text.indexOf('"""', start);
  while (end > 0 && text[end - 1] === '\\') end = text.indexOf('"""', end + 3);
  return end < 0 ? text.length : end + 3;
}

function endOfLine(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}
