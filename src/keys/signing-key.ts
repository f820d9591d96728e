import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { findJwkProblem } from './jwk.ts';

/** A private key, and the only algorithm to sign with. */
export interface SigningKey {
  readonly key: KeyObject;
  /** One that IAM registers token keys for. RS512 is another, but RSA keys always sign RS256 here. */
  readonly algorithm: 'RS256' | 'ES256' | 'ES512';
}

/**
 * Imports the private key in the value of `variable`. Returns why it cannot be used, if so, in a sentence that names
 * `variable` and contains neither the key, nor its passphrase, nor OpenSSL's message, which may quote them.
 */
export function readSigningKey(text: string, variable: string, passphrase = ''): SigningKey | string {
  const pem = readPem(text);
  if (pem === undefined)
    return `Expected ${variable} to hold a private key in PEM form; newlines may be written \\n`;
  const isEncrypted = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem);
  if (isEncrypted && passphrase === '') return `PASSPHRASE is required: the key of ${variable} is encrypted`;
  const key = importKey(pem, passphrase);
  if (key === undefined)
    return isEncrypted
      ? 'Expected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.'
      : `Expected ${variable} to be a whole private key in PEM form: it cannot be read.`;
  const signing = toSigningKey(key, variable);
  if (typeof signing === 'string' || isConsistent(key)) return signing;
  return `Expected ${variable} to be a whole private key in PEM form: it is damaged.`;
}

/** A key of 16 384 bits has 13 000 characters. */
const MAX_CHARS = 65_536;
const LABEL = '-----BEGIN ((?:ENCRYPTED |EC |RSA )?PRIVATE KEY)-----';
const BLOCK = new RegExp(`${LABEL}\\s*(\\S[\\s\\S]*?)\\s*-----END \\1-----`);

/**
 * The private key in a text, as PEM with line feeds (RFC 7468): PKCS#8, PKCS#1 or SEC1. Accepts the forms that occur in
 * environment files: quotation marks, line breaks that are escaped, of Windows, or replaced by blanks, and other text
 * around the key. Undefined when there is no such key.
 */
function readPem(text: string): string | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const plain = text.replace(/\\+r/g, '').replace(/\\+n/g, '\n').replace(/\r\n?/g, '\n');
  const [, label, content = ''] = BLOCK.exec(plain) ?? [];
  if (label === undefined) return undefined;
  // Headers, such as those of encrypted PKCS#1 (RFC 1421), are lines of their own and end with an empty line.
  const body = content.includes(':') ? content : content.replace(/\s+/g, '').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

function importKey(pem: string, passphrase: string): KeyObject | undefined {
  try {
    return createPrivateKey(passphrase ? { key: pem, passphrase } : pem);
  } catch {
    return undefined;
  }
}

/** OpenSSL also reads keys in which characters were changed. Nothing that they sign fits their public half. */
function isConsistent(key: KeyObject): boolean {
  try {
    return verify('sha256', CHALLENGE, createPublicKey(key), sign('sha256', CHALLENGE, key));
  } catch {
    return false;
  }
}

const CHALLENGE = Buffer.from('signed to check the key');

function toSigningKey(key: KeyObject, variable: string): SigningKey | string {
  if (key.asymmetricKeyType === 'rsa') {
    // Reads the JWK instead of `asymmetricKeyDetails`, which takes minutes for an exponent of many kilobytes.
    const found = findJwkProblem(createPublicKey(key).export({ format: 'jwk' }));
    return found
      ? `Expected ${variable} to be an RSA key that is safe to use. ${found.message}`
      : { key, algorithm: 'RS256' };
  }
  const { namedCurve } = key.asymmetricKeyType === 'ec' ? (key.asymmetricKeyDetails ?? {}) : {};
  if (namedCurve === 'prime256v1') return { key, algorithm: 'ES256' };
  if (namedCurve === 'secp521r1') return { key, algorithm: 'ES512' };
  const got = namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  return `Expected ${variable} to be RSA or EC (P-256 or P-521), got ${got}.`;
}
