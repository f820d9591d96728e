/** Texts above 2000 characters are refused anyway; the beginning says whether to warn of an exposed key. */
const MAX_CHARS = 4096;
/** Layers of encoding that are taken off, for example base64 around JSON in which a PEM is escaped. */
const MAX_LAYERS = 3;
/** Base64 runs of one text that are decoded. */
const MAX_RUNS = 20;

/**
 * Whether a text holds a private key as people paste one: PEM, a JSON Web Key or a set of them, the key file of an SSH
 * client, or the base64 of a key without its label; also escaped for JSON, HTML or a URL, or as base64. It finds
 * mistakes; it does not stop somebody who wants to hide a key.
 */
export function holdsPrivateKey(text: string): boolean {
  return isPrivateKey(text.slice(0, MAX_CHARS), MAX_LAYERS);
}

function isPrivateKey(text: string, layers: number): boolean {
  const plain = unescapeText(text);
  if (PEM.test(plain) || PUTTY.test(plain) || isPrivateJwk(plain)) return true;
  const decoded = base64RunsOf(plain);
  return decoded.some(
    (bytes) => isPrivateDer(bytes) || (layers > 1 && isPrivateKey(toText(bytes), layers - 1)),
  );
}

/** RFC 7468 labels, and those of OpenSSH, SSH2 and PGP. */
const PEM = /-\s*BEGIN[\s+_]+(?:[A-Z\d]+[\s+_]+){0,3}PRIVATE[\s+_]+KEY/i;
const PUTTY = /PuTTY-User-Key-File-\d/i;

const QUOTE = `["'\`]?`;
const KEY_TYPE = new RegExp(`(?:^|[{,\\s;&?+"'])(${QUOTE})kty\\1[\\s+]*[:=]`);
/** RFC 7518 section 6: the members that only a private or a symmetric key has, with a value. */
const PRIVATE_MEMBER = new RegExp(
  `(?:^|[{,\\s;&?+])(${QUOTE})(?:d|p|q|dp|dq|qi|k)\\1[\\s+]*[:=][\\s+]*${QUOTE}[\\w+/-]{16,}|"(?:d|p|q|dp|dq|qi|k)"[\\s+]*:[\\s+]*"[\\w+/=-]+"|"oth"[\\s+]*:[\\s+]*\\[`,
);

function isPrivateJwk(text: string): boolean {
  return KEY_TYPE.test(text) && PRIVATE_MEMBER.test(text);
}

/** What a key looks like when it was copied out of JSON, a URL, HTML or a text processor. Each pass takes linear time. */
function unescapeText(text: string): string {
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

const RUN = /[\w+/-]{40,}/g;
/** How base64 begins of `{"`, of five dashes, and of a DER sequence: a prefix may stand right before it. */
const BEGINNINGS = ['eyJ', 'eyAi', 'ewog', 'ewoJ', 'LS0tLS', 'MII', 'MIG', 'MHc', 'MC4'];

/** The bytes of whatever may be base64, by line and with the lines joined. */
function base64RunsOf(text: string): Buffer[] {
  const joined = text.replace(/\s+/g, '');
  const runs = new Set([...(joined.match(RUN) ?? []), ...(text.match(RUN) ?? [])]);
  return [...runs].slice(0, MAX_RUNS).flatMap((run) => {
    const starts = BEGINNINGS.map((beginning) => run.indexOf(beginning)).filter((at) => at > 0);
    return [0, ...starts].map((at) => Buffer.from(run.slice(at), 'base64'));
  });
}

/**
 * The start of PKCS#8 and PKCS#1 (version 0 or 1, RFC 5958 and 8017), SEC1 (version 1, RFC 5915) and encrypted PKCS#8.
 * A public key and a certificate have a sequence where these have their version.
 */
function isPrivateDer(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false;
  const lengthBytes = (bytes[1] ?? 0) < 0x80 ? 0 : (bytes[1] ?? 0) - 0x80;
  if (lengthBytes > 4) return false;
  const content = bytes.subarray(2 + lengthBytes);
  const isVersion = content[0] === 0x02 && content[1] === 1 && (content[2] ?? 2) <= 1;
  const isKey = content[3] === 0x30 || content[3] === 0x02 || content[3] === 0x04;
  return (isVersion && isKey) || content.subarray(0, 24).includes(PBES);
}

/** The beginning of the object identifiers of PKCS#5 and PKCS#12 encryption. */
const PBES = Buffer.from('2a864886f70d0105', 'hex');

function toText(bytes: Buffer): string {
  return bytes.toString('utf8');
}
