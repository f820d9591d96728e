import { randomUUID } from 'node:crypto';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { Caller } from './request.ts';
import type { Store } from './store.ts';

/** Distinguishes credentials of the emulator from bearers that only look like a JWT. */
const ISSUER = 'urn:iam-emulator';
export const TTL_SECONDS = 3600;

/** Issues and checks the credentials of the token endpoint and of the STS. */
export type Credentials = Awaited<ReturnType<typeof createCredentials>>;

/**
 * The key set holds several keys, as the vendor's does. The first one signs: the vendor's own client checks with
 * `keys[0]` whatever the `kid` says. The keys are new at every start, so credentials do not outlive the process.
 */
export async function createCredentials(store: Store, now: () => number) {
  const [signing, ...others] = await Promise.all([createKey(), createKey(), createKey()]);
  const jwks = { keys: [signing, ...others].map(({ jwk }) => jwk) };
  const keySet = createLocalJWKSet(jwks);

  return {
    jwks,
    /** A credential of `token/<id>` or `user/<principal>`. */
    issue(subject: string, claims: JWTPayload): Promise<string> {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: signing.jwk.kid })
        .setIssuer(ISSUER)
        .setSubject(subject)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + TTL_SECONDS)
        .sign(signing.privateKey);
    },
    /** The caller, or the problem of the bearer. A bearer that the emulator did not issue is the name of a principal. */
    async check(bearer: string | undefined): Promise<Caller | 'jwt-missing' | 'jwt-invalid' | 'jwt-expired'> {
      if (bearer === undefined) return 'jwt-missing';
      if (!isOurs(bearer)) return { principal: bearer };
      try {
        const currentDate = new Date(now());
        const { payload } = await jwtVerify(bearer, keySet, { issuer: ISSUER, currentDate });
        return toCaller(payload, store) ?? 'jwt-invalid';
      } catch (error) {
        return error instanceof errors.JWTExpired ? 'jwt-expired' : 'jwt-invalid';
      }
    },
  };
}

async function createKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  return {
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' },
  };
}

function isOurs(bearer: string): boolean {
  // Most bearers are names, and jose's error for them would take longer than the rest of a response.
  if (bearer.split('.').length !== 3) return false;
  try {
    return decodeJwt(bearer).iss === ISSUER;
  } catch {
    return false;
  }
}

/** A token that signed in sees what its owner sees. The credential of a deleted token is invalid. */
function toCaller({ sub = '', projectId }: JWTPayload, store: Store): Caller | undefined {
  const [, type, name = ''] = /^(user|token)\/(.*)$/s.exec(sub) ?? [];
  const project = typeof projectId === 'string' ? { projectId } : {};
  if (type === 'user') return { principal: name, ...project };
  const stored = store.find(name);
  return stored === undefined ? undefined : { principal: stored.principal, tokenId: name, ...project };
}
