import { errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { AuthError, type CallerCheck, type CallerRights, readBearer, sha256 } from '../authenticator.ts';
import { type Jwks, type KeySet, keysUnavailable } from './jwks.ts';

/**
 * Only asymmetric algorithms. With an HS algorithm, everybody who knows the public key could sign; `none` is no
 * signature at all (RFC 8725 section 2.1).
 */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

const CLOCK_TOLERANCE_SECONDS = 30;

/** Callers send an access token of the operator's identity provider, with the scope `tokens:read` or `tokens:write`. */
export function createJwtCallerCheck(
  { issuer, audience }: { readonly issuer: string; readonly audience: string },
  jwks: Jwks,
  clock: () => number,
): CallerCheck {
  return async (authorization) => {
    const jwt = readBearer(authorization);
    try {
      const { payload } = await verify(jwt, jwks, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock()),
      });
      return toRights(payload);
    } catch (error) {
      throw error instanceof AuthError ? error : toAuthError(error);
    }
  };
}

/**
 * Fetches the set again when it lacks the key of a JWT or no key verifies the signature: the key may be new, with or
 * without a new `kid`. If that fails, a JWT of an unknown key is not rejected as invalid, because its caller might discard
 * a valid token.
 */
async function verify(jwt: string, jwks: Jwks, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  let used: KeySet | undefined;
  // Called only for a JWT that is well-formed and has one of the algorithms.
  const getKey: KeySet = async (header, token) => {
    used = await jwks.current();
    return used(header, token);
  };
  try {
    return await verifyWith(jwt, getKey, options);
  } catch (error) {
    const isUnknown = error instanceof errors.JWKSNoMatchingKey;
    if (!isUnknown && !(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    const refreshed = await jwks.refreshed();
    if (!refreshed && isUnknown) throw keysUnavailable();
    if (!refreshed || refreshed === used) throw error;
    return verifyWith(jwt, refreshed, options);
  }
}

async function verifyWith(jwt: string, getKey: KeySet, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(jwt, getKey, options);
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAny(jwt, error, options);
    throw error;
  }
}

/** The number of keys that are tried, because verifying costs CPU and anybody can send a JWT. */
const MAX_KEYS_TRIED = 10;

/**
 * Verifies a JWT that several keys of the set match, because it has no `kid` or the set has a key twice. One of these keys
 * must have signed it.
 */
async function verifyWithAny(jwt: string, keys: errors.JWKSMultipleMatchingKeys, options: JWTVerifyOptions) {
  let tried = 0;
  for await (const key of keys) {
    if (++tried > MAX_KEYS_TRIED) break;
    try {
      return await jwtVerify(jwt, key, options);
    } catch (error) {
      // jose checks claims after the signature, so this key has signed the JWT and another one would not help.
      const isSigned = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
      if (isSigned) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** The principal stays the same when the token is renewed. `tokens:write` includes reading. */
function toRights(payload: JWTPayload): CallerRights {
  const { iss, sub } = payload;
  if (typeof sub !== 'string' || sub === '') throw unauthenticated('empty sub');
  const scopes = new Set([...toScopes(payload.scope), ...toScopes(payload.scp)]);
  const mayWrite = scopes.has('tokens:write');
  if (!mayWrite && !scopes.has('tokens:read')) throw new AuthError('forbidden', NO_SCOPE, 'no scope');
  return { principal: sha256(JSON.stringify([iss, sub])), mayWrite };
}

const NO_SCOPE = 'Expected an access token with the scope `tokens:read` or `tokens:write`.';

/** Scopes are a string separated by blanks (RFC 8693); some identity providers send an array. */
function toScopes(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim : [];
}

function toAuthError(error: unknown): AuthError {
  if (error instanceof errors.JWTExpired)
    return new AuthError('unauthenticated', 'The access token has expired. Send a new one.', error.code);
  if (error instanceof errors.JWTClaimValidationFailed)
    return unauthenticated(`${error.code} ${error.claim}`);
  return unauthenticated(error instanceof errors.JOSEError ? error.code : 'unusable key');
}

function unauthenticated(reason: string): AuthError {
  return new AuthError(
    'unauthenticated',
    'Send `Authorization: Bearer <access token>` with a JWT made for this gateway.',
    reason,
  );
}
