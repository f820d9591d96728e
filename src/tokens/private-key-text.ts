/**
 * Only this many characters are searched. Longer texts are rejected anyway; their beginning decides whether the message
 * warns of an exposed key.
 */
const MAX_CHARS = 2048;
/** Layers of encoding that are taken off, for example base64 around JSON in which a PEM is escaped. */
const MAX_LAYERS = 3;
/** Limits the cost of a text that is made to be decoded again and again. */
const MAX_ENCODED = 24;
const MAX_STARTS = 16;
const MAX_TEXTS = 2;
/** Limits the cost of all texts of one request. Twenty tokens with a JWT in each description stay below it. */
const MAX_DECODED_CHARS = 32_768;

/** The message for a client that sent a private key in a text. */
const PRIVATE_KEY_PASTED = 'This looks like a private key. It was not sent on; treat it as exposed.';

const TOO_MUCH_ENCODED =
  'The texts of this request have too much base64 or hex in them to look for private keys there. Send fewer of them at once.';

/**
 * The problem of a text that holds a private key as people paste one: PEM, a JSON Web Key or a set of them, the key file of
 * an SSH client, or the bytes of a key without a label; also escaped for JSON, HTML or a URL, or as base64 or hex. Called
 * for every text of an input that goes to IAM or into a URL of it. It finds mistakes, but not keys that are hidden on
 * purpose.
 */
export type PrivateKeySearch = (text: string) => string | undefined;

/** Creates the search for the texts of one request, which limits their total cost. */
export function createPrivateKeySearch(): PrivateKeySearch {
  // Many fields may have the same text.
  const problems = new Map<string, string | undefined>();
  const total = { decodedChars: 0 };
  return (text) => {
    if (SHORT.test(text)) return undefined;
    if (!problems.has(text)) problems.set(text, search(text, total));
    return problems.get(text);
  };
}

function search(text: string, total: { decodedChars: number }): string | undefined {
  let texts = [text.slice(0, MAX_CHARS)];
  for (let layer = 0; layer <= MAX_LAYERS && texts.length > 0; layer++) {
    if (total.decodedChars > MAX_DECODED_CHARS) return TOO_MUCH_ENCODED;
    const plain = texts.map(unescapeText);
    if (plain.some(isPrivateKey)) return PRIVATE_KEY_PASTED;
    const encoded = plain.flatMap(findEncoded);
    if (encoded.some(isPrivateKeyFile)) return PRIVATE_KEY_PASTED;
    const wanted = encoded.filter(isText).slice(0, MAX_TEXTS);
    for (const each of wanted) total.decodedChars += each.text.length;
    texts = wanted.map(decode);
  }
  return undefined;
}

/**
 * Whether a text is too short for a key: the shortest in base64 has 64 characters, and a label 17. This is enough for ids
 * and plain names.
 */
const SHORT = /^(?:[\w .:~-]{0,16}|[\w-]{0,43})$/;

function isPrivateKey(text: string): boolean {
  return PEM.test(text) || PUTTY.test(text) || isPrivateJwk(text);
}

/** RFC 7468 labels, and those of OpenSSH, SSH2 and PGP. */
const PEM = /-\s*BEGIN[\s+_]+(?:[A-Z\d]+[\s+_]+){0,3}PRIVATE[\s+_]+KEY/i;
const PUTTY = /PuTTY-User-Key-File-\d/i;

const QUOTE = `["'\`]?`;
const KEY_TYPE = new RegExp(`(?:^|[{,\\s;&?+"'])(${QUOTE})kty\\1[\\s+]*[:=]`, 'i');
/** RFC 7518 section 6: the members that only a private or a symmetric key has, with a value. */
const PRIVATE_MEMBER = new RegExp(
  `(?:^|[{,\\s;&?+])(${QUOTE})(?:d|p|q|dp|dq|qi|k)\\1[\\s+]*[:=][\\s+]*${QUOTE}[\\w+/-]{16,}|"(?:d|p|q|dp|dq|qi|k)"[\\s+]*:[\\s+]*"[\\w+/=-]+"|"oth"[\\s+]*:[\\s+]*\\[`,
  'i',
);
/** The same in a JSON object without `kty`: a number of 32 bytes or more that is not a hex digest. */
const LONE_MEMBER = new RegExp(
  `(?:[{,]\\s*(${QUOTE})|(["'\`]))(?:d|p|q|dp|dq|qi)(?:\\1|\\2)\\s*:\\s*["'\`](?![\\da-f]+["'\`])[\\w+/-]{40,}`,
  'i',
);

function isPrivateJwk(text: string): boolean {
  return (KEY_TYPE.test(text) && PRIVATE_MEMBER.test(text)) || LONE_MEMBER.test(text);
}

/** Every escaped text contains one of these characters. */
const ESCAPES = /[%&\\\u00ad\u200b-\u200d\u2010-\u2015\u2018-\u201f\u2033\u2060\u2212\ufeff\uff02]/;

/**
 * Removes the escapes of a key that was copied out of JSON, a URL, HTML or a text processor. Each pass takes linear time.
 */
function unescapeText(text: string): string {
  if (!ESCAPES.test(text)) return text;
  return text
    .replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&(?:amp;)?quot;|&#(?:34|x22);|[\u201c\u201d\u201e\u201f\u2033\uff02]/gi, '"')
    .replace(/&#(?:39|x27);|&apos;|[\u2018\u2019\u201a\u201b]/gi, "'")
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\\+/g, '\\')
    .replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\x([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\[rnt]/g, '\n')
    .replace(/\\|[\u00ad\u200b-\u200d\u2060\ufeff]/g, '');
}

/** Without the lookbehind, a run that is too short would be tried from each of its characters on. */
const BASE64 = /(?<![\w+/-])[\w+/-]{40,}/g;
const HEX = /(?<![\da-f])[\da-f]{64,}/gi;
/** Includes the symbols for blanks and line ends (such as U+240A) that file viewers show. */
const BLANKS = /[\s\u2400-\u2426]+/g;

/**
 * The first characters of base64 that encodes a JSON object or list, dashes, a DER sequence or its hex, OpenSSH's format,
 * or the base64 of most of these. Other text may stand right before it.
 */
const BEGINNING = /e[wy]|W[3wy]|LS0t|M[A-Pz]|b3Bl|T[UV]|ZX|TFMw/g;

interface Encoded {
  readonly text: string;
  readonly encoding: 'base64' | 'hex';
  /** Its first bytes. */
  readonly head: Buffer;
}

/** All parts of a text that may be hex, or base64, line by line and with the lines joined. */
function findEncoded(text: string): Encoded[] {
  const joined = text.replace(BLANKS, '');
  const digits = joined.replaceAll(':', '');
  // Most texts have no run that is long enough, and need no further search.
  if (digits.search(BASE64) < 0) return [];
  const hex = digits.match(HEX) ?? [];
  const found = hex.map((run) => toEncoded(run, 'hex'));
  const max = found.length + MAX_ENCODED;
  for (const run of new Set([...(joined.match(BASE64) ?? []), ...(text.match(BASE64) ?? [])])) {
    for (const start of startsIn(run)) found.push(toEncoded(start, 'base64'));
    if (found.length >= max) return found.slice(0, max);
  }
  return found;
}

/** The rest of a run of base64 from each place at which a key may begin. */
function startsIn(run: string): string[] {
  const starts = [run];
  for (const { index } of run.matchAll(BEGINNING)) {
    if (index > 0) starts.push(run.slice(index));
    if (starts.length > MAX_STARTS) break;
  }
  return starts;
}

const HEAD_CHARS = 64;

function toEncoded(text: string, encoding: Encoded['encoding']): Encoded {
  return { text, encoding, head: Buffer.from(text.slice(0, HEAD_CHARS), encoding) };
}

/** OpenSSH's own format, or one of ASN.1. */
function isPrivateKeyFile({ head }: Encoded): boolean {
  return isPrivateDer(head) || head.toString('latin1').startsWith('openssh-key-v1');
}

/**
 * The start of PKCS#8 (version 0 or 1 and an algorithm, RFC 5958), PKCS#1 (version 0 or 1 and a number, RFC 8017), SEC1
 * (version 1 and bytes, RFC 5915), encrypted PKCS#8, and PKCS#12 (version 3, RFC 7292). A public key and a certificate
 * have a sequence where these have their version, and a certificate request has a name where PKCS#8 has its algorithm.
 */
function isPrivateDer(bytes: Buffer): boolean {
  const content = contentOf(bytes);
  if (!content) return false;
  const [type, length, version = 9, next] = content;
  if (type === SEQUENCE)
    return content.subarray(0, 24).includes(PKCS5) || content.subarray(0, 24).includes(PKCS12);
  if (type !== INTEGER || length !== 1) return false;
  if (next === SEQUENCE)
    return contentOf(content.subarray(3))?.[0] === OBJECT_ID && (version <= 1 || version === 3);
  return version <= 1 && (next === INTEGER || (version === 1 && next === OCTETS));
}

const INTEGER = 0x02;
const OCTETS = 0x04;
const OBJECT_ID = 0x06;
const SEQUENCE = 0x30;
/** The beginnings of the object identifiers of encryption by a passphrase. */
const PKCS5 = Buffer.from('2a864886f70d0105', 'hex');
const PKCS12 = Buffer.from('2a864886f70d010c', 'hex');

/** The content of a DER sequence. Undefined for anything else, also if its length is not in the one form that DER allows. */
function contentOf(der: Buffer): Buffer | undefined {
  const length = der[1] ?? 0xff;
  if (der[0] !== SEQUENCE || length === 0x80 || length > 0x84) return undefined;
  return der.subarray(2 + Math.max(length - 0x80, 0));
}

/** The ASCII characters of bytes in UTF-8 or UTF-16. */
const TEXT = /^[\0\t-\r -~]+$/;

function isText({ head }: Encoded): boolean {
  return TEXT.test(head.toString('latin1', 0, 24));
}

function decode({ text, encoding }: Encoded): string {
  return Buffer.from(text, encoding).toString('latin1').replaceAll('\0', '');
}
