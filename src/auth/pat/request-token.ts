import type { Cancellation } from '../../upstream/cancellation.ts';
import { matching, readJsonObject, readRetryAfter } from '../../upstream/parse-response.ts';
import type { HttpResponse, Transport } from '../../upstream/transport.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { isCredential } from '../bearer.ts';

interface UserTokenRequest {
  readonly tokenEndpoint: string;
  readonly tokenId: string;
  readonly assertion: string;
  readonly nowMs: number;
  readonly cancellation: Cancellation;
}

const ENDPOINT = 'The token endpoint';

/** RFC 6749 lets a server leave `expires_in` out. */
const ASSUMED_LIFETIME_SECONDS = 300;

/** OAuth 2 client credentials with a signed assertion: PAT → user access token. Sent once. */
export async function requestUserToken(
  transport: Transport,
  request: UserTokenRequest,
): Promise<AccessToken> {
  const response = await transport({
    method: 'POST',
    url: request.tokenEndpoint,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'openid',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: request.assertion,
      client_id: request.tokenId,
    }).toString(),
    cancellation: request.cancellation,
    ...EXCHANGE_LIMITS,
  });
  const answer = readAnswer(
    response,
    ENDPOINT,
    request.nowMs,
    findClockDifference(response.headers.date, request.nowMs),
  );
  const token = toAccessToken(
    answer.access_token,
    answer.expires_in ?? ASSUMED_LIFETIME_SECONDS,
    request.nowMs,
  );
  if (token === undefined) throw invalidAnswer(ENDPOINT, 'a usable access_token and expires_in');
  return token;
}

/** A smaller difference is no cause for a refusal, and not certain: `Date` has whole seconds, and the answer took a while. */
const NOTABLE_SECONDS = 60;

/** By how many seconds this machine's clock is ahead of the `Date` of an answer; undefined when it is not worth a word. */
function findClockDifference(date: string | undefined, nowMs: number): number | undefined {
  const aheadSeconds = Math.round((nowMs - Date.parse(date ?? '')) / 1000);
  return Math.abs(aheadSeconds) >= NOTABLE_SECONDS ? aheadSeconds : undefined;
}

interface ProjectTokenRequest {
  /** Base of the IAM API, `…/iam`. */
  readonly stsBaseUrl: string;
  readonly projectId: string;
  readonly userToken: string;
  readonly nowMs: number;
  readonly cancellation: Cancellation;
}

const STS = 'The STS';

/**
 * User access token → project-scoped token. Sent once. The token's signature is not checked against IAM's JWKS: it came
 * from IAM over TLS and goes back to IAM, which checks it. The vendor's client does check it, at the price of one more
 * call per refresh and of getting stuck when keys rotate.
 */
export async function requestProjectToken(
  transport: Transport,
  request: ProjectTokenRequest,
): Promise<AccessToken> {
  const response = await transport({
    method: 'POST',
    url: `${request.stsBaseUrl.replace(/\/+$/, '')}/v1/sts/create-project-scoped-token`,
    headers: {
      authorization: `Bearer ${request.userToken}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify({ projectId: request.projectId }),
    cancellation: request.cancellation,
    ...EXCHANGE_LIMITS,
  });
  const answer = readAnswer(response, STS, request.nowMs);
  const token = toAccessToken(answer.accessToken, answer.expiresIn, request.nowMs);
  if (token === undefined) throw invalidAnswer(STS, 'a usable accessToken and expiresIn');
  return token;
}

/** Limits of one call that signs in or fetches keys. Three in a row still fit the request deadline of 10 s. */
export const EXCHANGE_LIMITS = { timeoutMs: 3000, maxBytes: 256 * 1024 } as const;

/**
 * The JSON object of a successful answer; `who` answered it. Throws `UpstreamError` otherwise. Of an error body only
 * what has the form of a code or a trace id is kept: descriptions may repeat what was sent. `clockAheadSeconds` is
 * named as a possible cause.
 */
export function readAnswer(
  response: HttpResponse,
  who: string,
  nowMs: number,
  clockAheadSeconds?: number,
): Readonly<Record<string, unknown>> {
  const { status } = response;
  const body = readJsonObject(response.body);
  if (status >= 400) {
    const iamName = matching(body?.error, /^[a-z_]{1,64}$/) ?? matching(body?.name, /^[A-Za-z]{1,64}$/);
    const clock = clockAheadSeconds === undefined ? '' : `; ${describeClock(clockAheadSeconds)}`;
    throw new UpstreamError('status', `${who} answered ${status}${iamName ? ` ${iamName}` : ''}${clock}`, {
      status,
      iamName,
      clockAheadSeconds,
      traceId: matching(body?.traceId, /^[\w-]{1,128}$/),
      retryAfterSeconds: readRetryAfter(response.headers['retry-after'], nowMs),
    });
  }
  if (status < 200 || status >= 300) {
    throw new UpstreamError('invalid-response', `${who} answered ${status}, expected 200`, { status });
  }
  if (body === undefined) throw invalidAnswer(who, 'a JSON object');
  return body;
}

/** For an answer of 200 that is not what it should be. */
export function invalidAnswer(who: string, expected: string): UpstreamError {
  return new UpstreamError('invalid-response', `${who} answered without ${expected}`, { status: 200 });
}

export function describeClock(aheadSeconds: number): string {
  const direction = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.abs(aheadSeconds)} s ${direction} that of IAM`;
}

/** A token that an issuer gave out, and how long it is good. */
export interface AccessToken {
  readonly value: string;
  readonly lifetimeSeconds: number;
  /** From here on it is not used any more. */
  readonly usableUntilMs: number;
  /** When its life is over, as its issuer said. */
  readonly endsAtMs: number;
}

const MARGIN_SECONDS = 60;

/**
 * Undefined when these are not a token and a lifetime. The lifetime counts from when the token was asked for, which is
 * never later than when it was issued. It is given up a minute early, for calls under way and clocks that differ;
 * one that lives for two minutes or less is given up half-way.
 */
export function toAccessToken(value: unknown, lifetime: unknown, askedAtMs: number): AccessToken | undefined {
  if (typeof value !== 'string' || !isCredential(value)) return undefined;
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < Number.POSITIVE_INFINITY))
    return undefined;
  const usableSeconds = Math.max(lifetime - MARGIN_SECONDS, Math.min(lifetime, 2 * MARGIN_SECONDS) / 2);
  const usableUntilMs = askedAtMs + usableSeconds * 1000;
  return { value, lifetimeSeconds: lifetime, usableUntilMs, endsAtMs: askedAtMs + lifetime * 1000 };
}
