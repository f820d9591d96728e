import type { Cancellation } from '../../upstream/cancellation.ts';
import type { Transport } from '../../upstream/transport.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import type { Clock } from '../caller.ts';
import { chooseAlgorithm, createAssertion, readPrivateKey, type SigningAlgorithm } from './private-key.ts';
import type { AccessToken } from './request-token.ts';
import { requestProjectToken, requestUserToken } from './request-token.ts';

/** A personal access token, as the Affinidi CLI writes it to `.env`. */
export interface PatOptions {
  readonly tokenEndpoint: string;
  /** Base of the IAM API, `…/iam`. */
  readonly stsBaseUrl: string;
  readonly projectId: string;
  readonly tokenId: string;
  /** Empty means `tokenId`. */
  readonly keyId: string;
  readonly privateKeyPem: string;
  readonly passphrase?: string | undefined;
  /** Chosen by the key when it is not said; RS256 for RSA. */
  readonly signingAlgorithm?: SigningAlgorithm | undefined;
  /** Which of the two tokens goes upstream. */
  readonly credential: 'project' | 'user';
}

/** The chain assertion → user token → project token. Which calls are made, not when: that is `pat.ts`. */
export interface SignIn {
  /** Makes at most two calls, or three when STS has stopped accepting the user token that was kept. */
  run(): Promise<AccessToken>;
  /** The next run starts from the assertion. */
  forgetUserToken(): void;
}

/** Throws `AuthConfigError` when the key cannot be used. */
export function createSignIn(
  options: PatOptions,
  { transport, clock, cancellation }: { transport: Transport; clock: Clock; cancellation: Cancellation },
): SignIn {
  const { tokenEndpoint, tokenId, keyId, stsBaseUrl, projectId } = options;
  const key = readPrivateKey({ pem: options.privateKeyPem, passphrase: options.passphrase });
  const algorithm = chooseAlgorithm(key, options.signingAlgorithm);
  let userToken: AccessToken | undefined;

  async function newUserToken(): Promise<AccessToken> {
    const nowMs = clock();
    const assertion = await createAssertion({ key, algorithm, tokenEndpoint, tokenId, keyId, nowMs });
    return requestUserToken(transport, { tokenEndpoint, tokenId, assertion, nowMs, cancellation });
  }

  async function newProjectToken(): Promise<AccessToken> {
    const kept = userToken !== undefined && clock() < userToken.usableUntilMs ? userToken : undefined;
    const user = kept ?? (await newUserToken());
    userToken = user;
    try {
      return await exchange(user);
    } catch (error) {
      if (!isUserTokenRefused(error)) throw error;
      userToken = undefined;
      if (kept === undefined) throw error;
    }
    userToken = await newUserToken();
    return exchange(userToken);
  }

  function exchange(user: AccessToken): Promise<AccessToken> {
    return requestProjectToken(transport, {
      stsBaseUrl,
      projectId,
      userToken: user.value,
      nowMs: clock(),
      cancellation,
    });
  }

  return {
    run: options.credential === 'user' ? newUserToken : newProjectToken,
    forgetUserToken() {
      userToken = undefined;
    },
  };
}

function isUserTokenRefused(error: unknown): boolean {
  return error instanceof UpstreamError && (error.status === 401 || error.status === 403);
}
