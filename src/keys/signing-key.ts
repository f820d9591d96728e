import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { findJwkProblem } from './jwk.ts';
import { isEncryptedPem } from './pem.ts';

/** The algorithms that IAM registers token keys for, except RS512: RSA keys always sign RS256 here. */
type SigningAlgorithm = 'RS256' | 'ES256' | 'ES512';

/** A private key, and the only algorithm to sign with. */
export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: SigningAlgorithm;
}

/** Why a key cannot be used: without the key, the passphrase, or OpenSSL's own text. */
interface KeyProblem {
  readonly problem: string;
}

/** Imports a private key in PEM. */
export function readSigningKey(pem: string, passphrase?: string): SigningKey | KeyProblem {
  const key = importKey(pem, passphrase);
  if (!key)
    return {
      problem: isEncryptedPem(pem)
        ? 'Expected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.'
        : `Expected ${KEY} to be a whole private key in PEM form: it cannot be read.`,
    };
  const algorithm = algorithmOf(key);
  return typeof algorithm === 'string' ? { key, algorithm } : algorithm;
}

/** Names both variables, because only one of them may be set. */
const KEY = 'PRIVATE_KEY or PRIVATE_KEY_FILE';

function importKey(pem: string, passphrase?: string): KeyObject | undefined {
  try {
    return createPrivateKey(passphrase ? { key: pem, passphrase } : pem);
  } catch {
    return undefined;
  }
}

function algorithmOf(key: KeyObject): SigningAlgorithm | KeyProblem {
  if (key.asymmetricKeyType === 'rsa') {
    // Reads the JWK instead of `asymmetricKeyDetails`, which takes minutes for an exponent of many kilobytes.
    const found = findJwkProblem(createPublicKey(key).export({ format: 'jwk' }));
    return found
      ? { problem: `Expected ${KEY} to be an RSA key that is safe to use. ${found.message}` }
      : 'RS256';
  }
  const { namedCurve } = key.asymmetricKeyType === 'ec' ? (key.asymmetricKeyDetails ?? {}) : {};
  if (namedCurve === 'prime256v1') return 'ES256';
  if (namedCurve === 'secp521r1') return 'ES512';
  const got = namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  return { problem: `Expected ${KEY} to be RSA or EC (P-256 or P-521), got ${got}.` };
}
