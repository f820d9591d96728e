import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { findJwkProblem } from '../../keys/jwk.ts';
import { isEncryptedPem } from '../../keys/pem.ts';
import { AuthConfigError } from '../auth-error.ts';

/** The algorithms that IAM registers token keys for. */
export type SigningAlgorithm = 'RS256' | 'RS512' | 'ES256' | 'ES512';

/**
 * Imports a private key in PEM. Throws `AuthConfigError` without the key, the passphrase, or OpenSSL's own text, hence
 * without a `cause`.
 */
export function readPrivateKey({
  pem,
  passphrase,
}: {
  pem: string;
  passphrase?: string | undefined;
}): KeyObject {
  const isEncrypted = isEncryptedPem(pem);
  if (isEncrypted && !passphrase) {
    throw new AuthConfigError('Expected PASSPHRASE to be set: PRIVATE_KEY is encrypted.');
  }
  try {
    return createPrivateKey(passphrase ? { key: pem, passphrase } : pem);
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
  if (key.asymmetricKeyType === 'rsa') {
    // Not by `asymmetricKeyDetails`, which takes minutes for an exponent of many kilobytes.
    const problem = findJwkProblem(createPublicKey(key).export({ format: 'jwk' }));
    if (problem)
      throw new AuthConfigError(
        `Expected PRIVATE_KEY to be an RSA key that is safe to use. ${problem.message}`,
      );
    return ['RS256', 'RS512'];
  }
  const { namedCurve } = key.asymmetricKeyType === 'ec' ? (key.asymmetricKeyDetails ?? {}) : {};
  if (namedCurve === 'prime256v1') return ['ES256'];
  if (namedCurve === 'secp521r1') return ['ES512'];
  const got = namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  throw new AuthConfigError(`Expected PRIVATE_KEY to be RSA or EC (P-256 or P-521), got ${got}.`);
}

interface AssertionOptions {
  readonly key: KeyObject;
  readonly algorithm: SigningAlgorithm;
  readonly tokenEndpoint: string;
  readonly tokenId: string;
  /** Empty means the token's id, as the vendor's tools write it. */
  readonly keyId: string;
  readonly nowMs: number;
  readonly createId?: () => string;
}

/** Token endpoints take no longer life than five minutes. */
const LIFETIME_SECONDS = 300;
/** Half of the life: so the clocks may differ by as much, either way. */
const BACKDATED_SECONDS = 150;

/**
 * The JWT a PAT signs in with (RFC 7523). Good for one request: token endpoints refuse a `jti` they have seen,
 * so a repeated attempt needs a new assertion.
 */
export function createAssertion(options: AssertionOptions): Promise<string> {
  const { key, algorithm, tokenEndpoint, tokenId, keyId, nowMs, createId = randomUUID } = options;
  const issuedAt = Math.floor(nowMs / 1000) - BACKDATED_SECONDS;
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: keyId || tokenId })
    .setIssuer(tokenId)
    .setSubject(tokenId)
    .setAudience(tokenEndpoint)
    .setJti(createId())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_SECONDS)
    .sign(key);
}
