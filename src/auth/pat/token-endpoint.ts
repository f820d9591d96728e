import type { Cancellation } from '../../upstream/cancellation.ts';
import type { Transport } from '../../upstream/transport.ts';
import { type AccessToken, toAccessToken } from './access-token.ts';
import { EXCHANGE_LIMITS, invalidAnswer, readAnswer } from './token-response.ts';

interface UserTokenRequest {
  readonly tokenEndpoint: string;
  readonly tokenId: string;
  readonly assertion: string;
  readonly nowMs: number;
  readonly cancellation: Cancellation;
}

const WHO = 'The token endpoint';

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
    WHO,
    request.nowMs,
    findClockDifference(response.headers.date, request.nowMs),
  );
  const token = toAccessToken(
    answer.access_token,
    answer.expires_in ?? ASSUMED_LIFETIME_SECONDS,
    request.nowMs,
  );
  if (token === undefined) throw invalidAnswer(WHO, 'a usable access_token and expires_in');
  return token;
}

/** A smaller difference is no cause for a refusal, and not certain: `Date` has whole seconds, and the answer took a while. */
const NOTABLE_SECONDS = 60;

/** By how many seconds this machine's clock is ahead of the `Date` of an answer; undefined when it is not worth a word. */
function findClockDifference(date: string | undefined, nowMs: number): number | undefined {
  const aheadSeconds = Math.round((nowMs - Date.parse(date ?? '')) / 1000);
  return Math.abs(aheadSeconds) >= NOTABLE_SECONDS ? aheadSeconds : undefined;
}
