import type { Cancellation } from '../../upstream/cancellation.ts';
import type { Transport } from '../../upstream/transport.ts';
import { type AccessToken, toAccessToken } from './access-token.ts';
import { EXCHANGE_LIMITS, invalidAnswer, readAnswer } from './token-response.ts';

interface ProjectTokenRequest {
  /** Base of the IAM API, `…/iam`. */
  readonly stsBaseUrl: string;
  readonly projectId: string;
  readonly userToken: string;
  readonly nowMs: number;
  readonly cancellation: Cancellation;
}

const WHO = 'The STS';

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
  const answer = readAnswer(response, WHO, request.nowMs);
  const token = toAccessToken(answer.accessToken, answer.expiresIn, request.nowMs);
  if (token === undefined) throw invalidAnswer(WHO, 'a usable accessToken and expiresIn');
  return token;
}
