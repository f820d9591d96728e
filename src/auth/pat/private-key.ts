import { createPrivateKey, type KeyObject } from 'node:crypto';
import { AuthConfigError } from '../auth-error.ts';

/** The algorithms that IAM registers token keys for. */
export type SigningAlgorithm = 'RS256' | 'RS512' | 'ES256' | 'ES512';

const MIN_RSA_BITS = 2048;

/**
 * Reads PKCS#8 (plain or encrypted), PKCS#1 and SEC1. Errors carry neither key nor passphrase nor OpenSSL's own text,
 * hence no `cause` either.
 */
export function readPrivateKey({
  pem,
  passphrase,
}: {
  pem: string;
  passphrase?: string | undefined;
}): KeyObject {
  const text = normalizePem(pem);
  const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text);
  if (!/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text)) {
    throw new AuthConfigError(
      'Expected PRIVATE_KEY to be a private key in PEM form (-----BEGIN PRIVATE KEY-----).',
    );
  }
  if (isEncrypted && !passphrase) {
    throw new AuthConfigError('Expected PASSPHRASE to be set: PRIVATE_KEY is encrypted.');
  }
  try {
    return createPrivateKey(passphrase ? { key: text, passphrase } : text);
  } catch {
    throw new AuthConfigError(
      isEncrypted
        ? 'Expected PASSPHRASE to open PRIVATE_KEY: it does not, or the key is damaged.'
        : 'Expected PRIVATE_KEY to be a whole private key in PEM form: it cannot be read.',
    );
  }
}

/**
 * The algorithm to sign with. An EC key allows one only; an RSA key serves RS256 and RS512, and which of them the token
 * was registered with cannot be seen here, so it can be said.
 */
export function chooseAlgorithm(key: KeyObject, wanted?: SigningAlgorithm | undefined): SigningAlgorithm {
  const possible = possibleAlgorithms(key);
  if (wanted === undefined) return possible[0];
  if (possible.includes(wanted)) return wanted;
  throw new AuthConfigError(
    `Expected the signing algorithm to fit PRIVATE_KEY (${possible.join(' or ')}), got ${wanted}.`,
  );
}

function possibleAlgorithms(key: KeyObject): readonly [SigningAlgorithm, ...SigningAlgorithm[]] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength >= MIN_RSA_BITS) return ['RS256', 'RS512'];
    throw new AuthConfigError(
      `Expected an RSA PRIVATE_KEY of at least ${MIN_RSA_BITS} bits, got ${modulusLength}.`,
    );
  }
  if (namedCurve === 'prime256v1') return ['ES256'];
  if (namedCurve === 'secp521r1') return ['ES512'];
  const got = namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  throw new AuthConfigError(`Expected PRIVATE_KEY to be RSA or EC (P-256 or P-521), got ${got}.`);
}

/** The Affinidi CLI writes `PRIVATE_KEY="-----BEGIN …\n…"`; docker's --env-file keeps the quotes and the `\n`. */
function normalizePem(pem: string): string {
  return pem
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .replaceAll('\\r', '')
    .replaceAll('\\n', '\n')
    .trim();
}
