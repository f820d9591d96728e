import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SigningKey } from '../../keys/signing-key.ts';
import type { PatOptions } from './sign-in.ts';

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
