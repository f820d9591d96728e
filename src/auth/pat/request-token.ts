import type { Cancellation } from '../../upstream/cancellation.ts';
import { matching, readJsonObject, readRetryAfter } from '../../upstream/parse-response.ts';
import type { HttpResponse, Transport } from '../../upstream/transport.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { isCredential } from '../bearer.ts';

/** A token from an issuer, and its lifetime. */
export interface AccessToken {
  readonly value: string;
  readonly lifetimeSeconds: number;
  /** The token is not used from this time on. */
  readonly usableUntilMs: number;
  /** The end of the lifetime that the issuer announced. */
  readonly endsAtMs: number;
}

/** A request for a token: where it is sent, when, and what cancels it. Both kinds are sent once. */
interface TokenRequest {
  readonly transport: Transport;
  readonly nowMs: number;
  readonly cancellation: Cancellation;
}

/** Limits of one call that signs in or fetches keys. Three in a row still fit the request deadline of 10 s. */
export const EXCHANGE_LIMITS = { timeoutMs: 3000, maxBytes: 256 * 1024 } as const;

const TOKEN_ENDPOINT = 'The token endpoint';
/** RFC 6749 lets a server leave `expires_in` out. */
const ASSUMED_LIFETIME_SECONDS = 300;

/** OAuth 2 client credentials with a signed assertion: personal access token → user access token. */
export async function requestUserToken(
  { transport, nowMs, cancellation }: TokenRequest,
  { tokenEndpoint, tokenId, assertion }: { tokenEndpoint: string; tokenId: string; assertion: string },
): Promise<AccessToken> {
  const response = await transport({
    method: 'POST',
    url: tokenEndpoint,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'openid',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      client_id: tokenId,
    }).toString(),
    cancellation,
    ...EXCHANGE_LIMITS,
  });
  const clockAheadSeconds = findClockDifference(response.headers.date, nowMs);
  const body = readSuccess(response, TOKEN_ENDPOINT, nowMs, clockAheadSeconds);
  const token = toAccessToken(body.access_token, body.expires_in ?? ASSUMED_LIFETIME_SECONDS, nowMs);
  if (token === undefined) throw invalidResponse(TOKEN_ENDPOINT, 'a usable access_token and expires_in');
  return token;
}

const STS = 'The STS';

/**
 * User access token → project-scoped token. The token's signature is not checked against IAM's JWKS: it came from IAM
 * over TLS and goes back to IAM, which checks it. The vendor's client does check it, at the cost of one more call per
 * refresh, and fails when keys rotate.
 */
export async function requestProjectToken(
  { transport, nowMs, cancellation }: TokenRequest,
  { stsBaseUrl, projectId, userToken }: { stsBaseUrl: string; projectId: string; userToken: string },
): Promise<AccessToken> {
  const response = await transport({
    method: 'POST',
    url: `${stsBaseUrl.replace(/\/+$/, '')}/v1/sts/create-project-scoped-token`,
    headers: {
      authorization: `Bearer ${userToken}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify({ projectId }),
    cancellation,
    ...EXCHANGE_LIMITS,
  });
  const body = readSuccess(response, STS, nowMs);
  const token = toAccessToken(body.accessToken, body.expiresIn, nowMs);
  if (token === undefined) throw invalidResponse(STS, 'a usable accessToken and expiresIn');
  return token;
}

const MARGIN_SECONDS = 60;

/**
 * Undefined when these are not a token and a lifetime. The lifetime counts from the request, which is never later than
 * the issue. A token is given up a minute early, because of calls in flight and clocks that differ; one that lives for
 * two minutes or less is given up half-way.
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

/**
 * The JSON object of a successful response from `server`. Throws `UpstreamError` otherwise. Of an error body only what
 * has the form of a code or a trace id is kept: descriptions may repeat what was sent. `clockAheadSeconds` is reported as
 * a possible cause.
 */
export function readSuccess(
  { status, headers, body: text }: HttpResponse,
  server: string,
  nowMs: number,
  clockAheadSeconds?: number,
): Readonly<Record<string, unknown>> {
  const body = readJsonObject(text);
  if (status >= 400) {
    const iamName = matching(body?.error, /^[a-z_]{1,64}$/) ?? matching(body?.name, /^[A-Za-z]{1,64}$/);
    const clock = clockAheadSeconds === undefined ? '' : `; ${describeClock(clockAheadSeconds)}`;
    throw new UpstreamError('status', `${server} answered ${status}${iamName ? ` ${iamName}` : ''}${clock}`, {
      status,
      iamName,
      clockAheadSeconds,
      traceId: matching(body?.traceId, /^[\w-]{1,128}$/),
      retryAfterSeconds: readRetryAfter(headers['retry-after'], nowMs),
    });
  }
  if (status < 200 || status >= 300) {
    throw new UpstreamError('invalid-response', `${server} answered ${status}, expected 200`, { status });
  }
  if (body === undefined) throw invalidResponse(server, 'a JSON object');
  return body;
}

function invalidResponse(server: string, expected: string): UpstreamError {
  return new UpstreamError('invalid-response', `${server} answered without ${expected}`, { status: 200 });
}

/** A smaller difference causes no rejection, and is not certain: `Date` has whole seconds, and the response took a while. */
const NOTABLE_SECONDS = 60;

/** By how many seconds this machine's clock is ahead of the `Date` of a response; undefined when the difference is small. */
function findClockDifference(date: string | undefined, nowMs: number): number | undefined {
  const aheadSeconds = Math.round((nowMs - Date.parse(date ?? '')) / 1000);
  return Math.abs(aheadSeconds) >= NOTABLE_SECONDS ? aheadSeconds : undefined;
}

export function describeClock(aheadSeconds: number): string {
  const direction = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.abs(aheadSeconds)} s ${direction} that of IAM`;
}
