import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { PatConfig } from '../../config/auth.ts';
import type { SigningKey } from '../../keys/signing-key.ts';
import { meaningOf, UpstreamError } from '../../upstream/upstream-error.ts';
import { type AuthDependencies, isCredential } from '../authenticator.ts';
import { incompleteResponse, type JsonRequest, requestJson } from '../json-request.ts';

/** A personal access token, and where it signs in. */
export interface PatOptions
  extends Pick<PatConfig, 'projectId' | 'tokenId' | 'keyId' | 'signingKey' | 'credential'> {
  readonly tokenEndpoint: string;
  readonly apiGatewayUrl: string;
}

/** A token from an issuer, and its lifetime. */
export interface AccessToken {
  readonly value: string;
  readonly lifetimeSeconds: number;
  /** The token is not used from this time on. */
  readonly usableUntilMs: number;
  /** The end of the lifetime that the issuer announced. */
  readonly endsAtMs: number;
}

/** RFC 6749 lets a server leave `expires_in` out. */
const ASSUMED_LIFETIME_SECONDS = 300;

/** The chain assertion → user token → project token. `credential.ts` decides when it runs. */
export function createSignIn(
  options: PatOptions,
  dependencies: Pick<AuthDependencies, 'transport' | 'clock' | 'steadyClock' | 'closing'>,
) {
  const { clock, steadyClock } = dependencies;
  const signingKey = options.signingKey.reveal();
  let userToken: AccessToken | undefined;

  /** The token in a response whose members have these names. */
  async function requestToken(
    request: JsonRequest,
    [valueName, lifetimeName]: readonly [string, string],
    assumedSeconds?: number,
  ): Promise<AccessToken> {
    const nowMs = steadyClock();
    const body = await requestJson(request, dependencies);
    const token = toAccessToken(body[valueName], body[lifetimeName] ?? assumedSeconds, nowMs);
    if (!token) throw incompleteResponse(request.server, `a usable ${valueName} and ${lifetimeName}`);
    return token;
  }

  /** OAuth 2 client credentials with a signed assertion: personal access token → user access token. */
  async function requestUserToken(): Promise<AccessToken> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'openid',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await createAssertion(signingKey, options, clock()),
      client_id: options.tokenId,
    });
    const request = {
      server: 'The token endpoint',
      containsTime: true,
      url: options.tokenEndpoint,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    };
    return requestToken(request, ['access_token', 'expires_in'], ASSUMED_LIFETIME_SECONDS);
  }

  /**
   * User access token → project-scoped token. The token's signature is not checked against IAM's JWKS: it came from IAM
   * over TLS and goes back to IAM, which checks it. The vendor's client does check it, at the cost of one more call per
   * refresh, and fails when keys rotate.
   */
  function requestProjectToken(user: AccessToken): Promise<AccessToken> {
    const request = {
      server: 'The STS',
      url: `${options.apiGatewayUrl}/iam/v1/sts/create-project-scoped-token`,
      headers: { authorization: `Bearer ${user.value}`, 'content-type': 'application/json' },
      body: JSON.stringify({ projectId: options.projectId }),
    };
    return requestToken(request, ['accessToken', 'expiresIn']);
  }

  async function signInToProject(): Promise<AccessToken> {
    const kept = userToken !== undefined && steadyClock() < userToken.usableUntilMs ? userToken : undefined;
    userToken = kept ?? (await requestUserToken());
    try {
      return await requestProjectToken(userToken);
    } catch (error) {
      if (!isUserTokenRejected(error)) throw error;
      userToken = undefined;
      if (kept === undefined) throw error;
      return signInToProject();
    }
  }

  return {
    /** Makes at most two calls, or three when STS no longer accepts the user token of an earlier run. */
    run: options.credential === 'user' ? requestUserToken : signInToProject,
    /** The next run starts from the assertion. */
    dropUserToken(): void {
      userToken = undefined;
    },
  };
}

function isUserTokenRejected(error: unknown): boolean {
  return error instanceof UpstreamError && [401, 403].includes(meaningOf(error) ?? 0);
}

/** Token endpoints reject a lifetime of more than five minutes. */
const ASSERTION_SECONDS = 300;
/** So that clocks may differ equally in both directions. */
const BACKDATED_SECONDS = ASSERTION_SECONDS / 2;

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
    .setExpirationTime(issuedAt + ASSERTION_SECONDS)
    .sign(key);
}

const MARGIN_SECONDS = 60;

/**
 * Undefined if token or lifetime is invalid. The lifetime counts from the request, which is never later than the issue. A
 * token is replaced a minute early, because of calls in flight and different clocks; a token that lives for two minutes or
 * less is replaced half-way.
 */
function toAccessToken(value: unknown, lifetime: unknown, requestedAtMs: number): AccessToken | undefined {
  if (typeof value !== 'string' || !isCredential(value)) return undefined;
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < Number.POSITIVE_INFINITY))
    return undefined;
  const usableSeconds = Math.max(lifetime - MARGIN_SECONDS, Math.min(lifetime, 2 * MARGIN_SECONDS) / 2);
  return {
    value,
    lifetimeSeconds: lifetime,
    usableUntilMs: requestedAtMs + usableSeconds * 1000,
    endsAtMs: requestedAtMs + lifetime * 1000,
  };
}
