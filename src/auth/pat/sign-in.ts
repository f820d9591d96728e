import type { PatConfig } from '../../config/config.ts';
import type { Cancellation } from '../../upstream/cancellation.ts';
import type { Transport } from '../../upstream/transport.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import type { Clock } from '../caller.ts';
import { createAssertion, readSigningKey } from './private-key.ts';
import { type AccessToken, requestProjectToken, requestUserToken } from './request-token.ts';

/** A personal access token, and where it signs in. */
export interface PatOptions
  extends Pick<PatConfig, 'projectId' | 'tokenId' | 'keyId' | 'privateKeyPem' | 'passphrase' | 'credential'> {
  readonly tokenEndpoint: string;
  /** Base of the IAM API, `…/iam`. */
  readonly stsBaseUrl: string;
}

/** The chain assertion → user token → project token. `credential.ts` decides when it runs. */
export interface SignIn {
  /** Makes at most two calls, or three when STS no longer accepts the user token of an earlier run. */
  run(): Promise<AccessToken>;
  /** The next run starts from the assertion. */
  dropUserToken(): void;
}

/** Throws `AuthConfigError` when the key cannot be used. */
export function createSignIn(
  options: PatOptions,
  { transport, clock, cancellation }: { transport: Transport; clock: Clock; cancellation: Cancellation },
): SignIn {
  const { tokenEndpoint, tokenId, stsBaseUrl, projectId } = options;
  const signingKey = readSigningKey(options.privateKeyPem.reveal(), options.passphrase);
  let userToken: AccessToken | undefined;

  async function newUserToken(): Promise<AccessToken> {
    const nowMs = clock();
    const assertion = await createAssertion(signingKey, options, nowMs);
    return requestUserToken({ transport, nowMs, cancellation }, { tokenEndpoint, tokenId, assertion });
  }

  async function newProjectToken(): Promise<AccessToken> {
    const kept = userToken !== undefined && clock() < userToken.usableUntilMs ? userToken : undefined;
    const user = kept ?? (await newUserToken());
    userToken = user;
    try {
      return await exchange(user);
    } catch (error) {
      if (!isUserTokenRejected(error)) throw error;
      userToken = undefined;
      if (kept === undefined) throw error;
    }
    userToken = await newUserToken();
    return exchange(userToken);
  }

  function exchange({ value }: AccessToken): Promise<AccessToken> {
    const request = { transport, nowMs: clock(), cancellation };
    return requestProjectToken(request, { stsBaseUrl, projectId, userToken: value });
  }

  return {
    run: options.credential === 'user' ? newUserToken : newProjectToken,
    dropUserToken() {
      userToken = undefined;
    },
  };
}

function isUserTokenRejected(error: unknown): boolean {
  return error instanceof UpstreamError && (error.status === 401 || error.status === 403);
}
