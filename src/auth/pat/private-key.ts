import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { ConfigError } from '../../config/config.ts';
import type { Secret } from '../../config/variable-types.ts';
import { findJwkProblem } from '../../keys/jwk.ts';
import { isEncryptedPem } from '../../keys/pem.ts';
import type { PatOptions } from './sign-in.ts';

/** The algorithms that IAM registers token keys for, except RS512: RSA keys always sign RS256 here. */
type SigningAlgorithm = 'RS256' | 'ES256' | 'ES512';

/** A private key, and the only algorithm to sign with. */
interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: SigningAlgorithm;
}

/**
 * Imports a private key in PEM. Throws `ConfigError` without the key, the passphrase, or OpenSSL's own text, hence
 * without a `cause`.
 */
export function readSigningKey(pem: string, passphrase?: Secret): SigningKey {
  const key = importKey(pem, passphrase);
  return { key, algorithm: algorithmOf(key) };
}

/** Names both variables, because only one of them may be set. */
const KEY = 'PRIVATE_KEY or PRIVATE_KEY_FILE';

function importKey(pem: string, passphrase?: Secret): KeyObject {
  try {
    return createPrivateKey(passphrase ? { key: pem, passphrase: passphrase.reveal() } : pem);
  } catch {
    throw new ConfigError([
      isEncryptedPem(pem)
        ? 'Expected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.'
        : `Expected ${KEY} to be a whole private key in PEM form: it cannot be read.`,
    ]);
  }
}

function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'rsa') {
    // Reads the JWK instead of `asymmetricKeyDetails`, which takes minutes for an exponent of many kilobytes.
    const problem = findJwkProblem(createPublicKey(key).export({ format: 'jwk' }));
    if (problem)
      throw new ConfigError([`Expected ${KEY} to be an RSA key that is safe to use. ${problem.message}`]);
    return 'RS256';
  }
  const { namedCurve } = key.asymmetricKeyType === 'ec' ? (key.asymmetricKeyDetails ?? {}) : {};
  if (namedCurve === 'prime256v1') return 'ES256';
  if (namedCurve === 'secp521r1') return 'ES512';
  const got = namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  throw new ConfigError([`Expected ${KEY} to be RSA or EC (P-256 or P-521), got ${got}.`]);
}

/** Token endpoints reject a lifetime of more than five minutes. */
const LIFETIME_SECONDS = 300;
/** Half of the lifetime, so that clocks may differ equally in both directions. */
const BACKDATED_SECONDS = 150;

/**
 * The JWT that a personal access token signs in with (RFC 7523). Valid for one request: token endpoints reject a `jti`
 * that they have seen, so a repeated attempt needs a new assertion.
 */
export function createAssertion(
  { key, algorithm }: SigningKey,
  { tokenEndpoint, tokenId, keyId }: Pick<PatOptions, 'tokenEndpoint' | 'tokenId' | 'keyId'>,
  nowMs: number,
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000) - BACKDATED_SECONDS;
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: keyId })
    .setIssuer(tokenId)
    .setSubject(tokenId)
    .setAudience(tokenEndpoint)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_SECONDS)
    .sign(key);
}
