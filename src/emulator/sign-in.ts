import { decodeProtectedHeader, errors, importJWK, type JWTPayload, jwtVerify } from 'jose';
import type { TokenDto } from '../upstream/generated.ts';
import { TTL_SECONDS } from './credentials.ts';
import { oauthError, ok, type Reply } from './reply.ts';
import { type Handler, isForm } from './request.ts';
import { TOKEN_ENDPOINT_PATH } from './routes.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const MAX_ASSERTION_SECONDS = 300;
const CLOCK_SKEW_SECONDS = 30;

/** The OAuth token endpoint: client credentials with a signed assertion (RFC 7523), which is verified. */
export const createAccessToken: Handler = async ({ store, credentials, now, usedAssertions }, request) => {
  if (!isForm(request)) return invalidRequest('a form is expected');
  const form = new URLSearchParams(request.text);
  const rejection = checkForm(form);
  if (rejection !== undefined) return rejection;

  const tokenId = form.get('client_id') ?? '';
  const token = store.find(tokenId)?.token;
  if (token === undefined) return invalidClient('client_id is not known');
  const nowSeconds = Math.floor(now() / 1000);
  const assertion = form.get('client_assertion') ?? '';
  try {
    const claims = await verify(assertion, token, request.origin + TOKEN_ENDPOINT_PATH, nowSeconds);
    use(claims, usedAssertions, nowSeconds);
  } catch (error) {
    return invalidClient((error as Error).message);
  }

  const scope = form.get('scope') || 'openid';
  const accessToken = await credentials.issue(`token/${tokenId}`, { scope });
  return ok({ access_token: accessToken, expires_in: TTL_SECONDS, token_type: 'bearer', scope });
};

function checkForm(form: URLSearchParams): Reply | undefined {
  const grant = form.get('grant_type');
  if (grant !== null && grant !== 'client_credentials')
    return oauthError(400, 'unsupported_grant_type', 'use client_credentials');
  const missing = ['grant_type', 'client_id', 'client_assertion'].find((name) => !form.get(name));
  if (missing !== undefined) return invalidRequest(`${missing} is missing`);
  if (form.get('client_assertion_type') === JWT_BEARER) return undefined;
  return invalidRequest(`client_assertion_type must be ${JWT_BEARER}`);
}

/** The claims of an assertion that one of the token's keys has signed. Throws an Error that says what is wrong with another. */
async function verify(
  assertion: string,
  { id, authenticationMethod: { publicKeyInfo, signingAlgorithm } }: TokenDto,
  audience: string,
  nowSeconds: number,
): Promise<JWTPayload> {
  if (!('jwks' in publicKeyInfo)) throw new Error('the emulator does not fetch a jwksUri');
  const options = {
    issuer: id,
    subject: id,
    audience,
    algorithms: [signingAlgorithm],
    requiredClaims: ['exp'],
    currentDate: new Date(nowSeconds * 1000),
    clockTolerance: CLOCK_SKEW_SECONDS,
  };
  // Without a `kid`, as the vendor's Java client sends it, each registered key may be the one.
  const { kid } = decodeProtectedHeader(assertion);
  let problem: unknown = new Error('kid is not registered');
  for (const key of publicKeyInfo.jwks.keys.filter((each) => kid === undefined || each.kid === kid)) {
    try {
      return (await jwtVerify(assertion, await importJWK({ ...key }, key.alg), options)).payload;
    } catch (error) {
      problem = error;
      // The key is right: another one would only hide what is wrong.
      if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) break;
    }
  }
  throw problem;
}

/** Throws an Error for claims that are too far ahead, and for those of an assertion without a `jti` or with a used one. */
function use({ jti, iss, exp = 0, iat = 0 }: JWTPayload, used: Map<string, number>, nowSeconds: number) {
  if (typeof jti !== 'string' || jti === '') throw new Error('jti is missing');
  if (iat > nowSeconds + CLOCK_SKEW_SECONDS) throw new Error('iat is in the future');
  if (exp > nowSeconds + MAX_ASSERTION_SECONDS + CLOCK_SKEW_SECONDS) throw new Error('exp is too far ahead');
  for (const [assertion, expiresAtSeconds] of used)
    if (expiresAtSeconds + CLOCK_SKEW_SECONDS < nowSeconds) used.delete(assertion);
  if (used.has(`${iss} ${jti}`)) throw new Error('jti was used before');
  used.set(`${iss} ${jti}`, exp);
}

function invalidRequest(description: string): Reply {
  return oauthError(400, 'invalid_request', description);
}

function invalidClient(description: string): Reply {
  return oauthError(401, 'invalid_client', description);
}
