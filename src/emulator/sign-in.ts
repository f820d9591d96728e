import { decodeJwt, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose';
import type { JsonWebKeyDto, TokenDto } from '../upstream/generated.ts';
import { TTL_SECONDS } from './credentials.ts';
import { oauthError, ok, type Reply } from './reply.ts';
import { type Handler, isForm } from './request.ts';
import { TOKEN_ENDPOINT_PATH } from './routes.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const MAX_ASSERTION_SECONDS = 300;
const CLOCK_SKEW_SECONDS = 30;

/** The OAuth token endpoint: client credentials with a signed assertion (RFC 7523), which is verified. */
export function createSignIn(): Handler {
  const usedJtis = new Map<string, number>();

  return async ({ store, credentials, now }, request) => {
    if (!isForm(request)) return invalidRequest('a form is expected');
    const form = new URLSearchParams(request.text);
    const rejection = checkForm(form);
    if (rejection !== undefined) return rejection;

    const tokenId = form.get('client_id') ?? '';
    const token = store.find(tokenId)?.token;
    if (token === undefined) return invalidClient('client_id is not known');
    const nowSeconds = Math.floor(now() / 1000);
    const assertion = form.get('client_assertion') ?? '';
    const problem =
      (await findAssertionProblem(assertion, token, request.origin + TOKEN_ENDPOINT_PATH, nowSeconds)) ??
      findReuse(usedJtis, assertion, nowSeconds);
    if (problem !== undefined) return invalidClient(problem);

    const scope = form.get('scope') || 'openid';
    const accessToken = await credentials.issue(`token/${tokenId}`, { scope });
    return ok({ access_token: accessToken, expires_in: TTL_SECONDS, token_type: 'bearer', scope });
  };
}

function checkForm(form: URLSearchParams): Reply | undefined {
  const grant = form.get('grant_type');
  if (grant === null) return invalidRequest('grant_type is missing');
  if (grant !== 'client_credentials')
    return oauthError(400, 'unsupported_grant_type', 'use client_credentials');
  if (form.get('client_assertion_type') !== JWT_BEARER) {
    return invalidRequest(`client_assertion_type must be ${JWT_BEARER}`);
  }
  const missing = ['client_id', 'client_assertion'].find((name) => !form.get(name));
  return missing === undefined ? undefined : invalidRequest(`${missing} is missing`);
}

async function findAssertionProblem(
  assertion: string,
  token: TokenDto,
  audience: string,
  nowSeconds: number,
): Promise<string | undefined> {
  const { publicKeyInfo, signingAlgorithm } = token.authenticationMethod;
  // URLs of clients are not fetched.
  if (!('jwks' in publicKeyInfo)) return 'the emulator does not fetch a jwksUri';
  try {
    const { kid, alg } = decodeProtectedHeader(assertion);
    if (alg !== signingAlgorithm) return `alg must be ${signingAlgorithm}`;
    const keys = publicKeyInfo.jwks.keys.filter((key) => kid === undefined || key.kid === kid);
    if (keys.length === 0) return 'kid is not registered';
    const claims = decodeJwt(assertion);
    if (typeof claims.jti !== 'string' || claims.jti === '') return 'jti is missing';
    if (claims.exp === undefined) return 'exp is missing';
    if ((claims.iat ?? 0) > nowSeconds + CLOCK_SKEW_SECONDS) return 'iat is in the future';
    if (claims.exp > nowSeconds + MAX_ASSERTION_SECONDS + CLOCK_SKEW_SECONDS) return 'exp is too far ahead';
    const options = {
      issuer: token.id,
      subject: token.id,
      audience,
      algorithms: [signingAlgorithm],
      currentDate: new Date(nowSeconds * 1000),
      clockTolerance: CLOCK_SKEW_SECONDS,
    };
    return await verifyWithAny(keys, (key) => jwtVerify(assertion, key, options));
  } catch {
    return 'client_assertion is not a JWT';
  }
}

/** Without a `kid` (as the vendor's Java client sends it) each registered key may be the one. */
async function verifyWithAny(
  keys: readonly JsonWebKeyDto[],
  verify: (key: Awaited<ReturnType<typeof importJWK>>) => Promise<unknown>,
): Promise<string | undefined> {
  let problem = 'the signature does not match the registered key';
  for (const key of keys) {
    try {
      await verify(await importJWK({ ...key }, key.alg));
      return undefined;
    } catch (error) {
      if (error instanceof errors.JWTExpired) problem = 'client_assertion has expired';
      else if (error instanceof errors.JWTClaimValidationFailed)
        problem = `${error.claim} is not the expected one`;
    }
  }
  return problem;
}

function findReuse(usedJtis: Map<string, number>, assertion: string, nowSeconds: number): string | undefined {
  const { jti = '', iss = '', exp = 0 } = decodeJwt(assertion);
  for (const [used, expiresAtSeconds] of usedJtis) {
    if (expiresAtSeconds + CLOCK_SKEW_SECONDS < nowSeconds) usedJtis.delete(used);
  }
  if (usedJtis.has(`${iss} ${jti}`)) return 'jti was used before';
  usedJtis.set(`${iss} ${jti}`, exp);
  return undefined;
}

function invalidRequest(description: string): Reply {
  return oauthError(400, 'invalid_request', description);
}

function invalidClient(description: string): Reply {
  return oauthError(401, 'invalid_client', description);
}
