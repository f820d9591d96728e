import { type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SigningAlgorithm } from './private-key.ts';

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
