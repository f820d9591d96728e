import type { CallerAuthConfig, PatConfig } from '../config/config.ts';
import type { UpstreamCredential as Credential } from '../upstream/attempt.ts';
import { type Cancellation, createCancellation, createDeadlines } from '../upstream/cancellation.ts';
import type { IamClient } from '../upstream/iam-client.ts';
import type { IamAddress } from './authenticator.ts';
import type { AuthDependencies, Authenticator, Caller, CallerCheck, CallerRights, Log } from './caller.ts';
import { openApiKeys } from './callers/api-key.ts';
import { createJwks } from './callers/jwks.ts';
import { createJwtCallerCheck } from './callers/jwt.ts';
import { createPatCredential } from './pat/credential.ts';

/**
 * Callers are checked here; upstream calls carry the gateway's own credential, never theirs. Throws `ConfigError` for a
 * bad file of API keys, and `AuthConfigError` for a private key that cannot be used.
 */
export function createPatAuthenticator(
  pat: PatConfig,
  { apiGatewayUrl, tokenEndpoint = '' }: IamAddress,
  dependencies: AuthDependencies,
): Authenticator {
  const closing = createCancellation();
  const endpoints = {
    tokenEndpoint: pat.tokenEndpoint ?? tokenEndpoint,
    stsBaseUrl: `${apiGatewayUrl}/iam`,
  };
  const credential = createPatCredential({ ...pat, ...endpoints }, { ...dependencies, closing });
  const checkCaller = createCallerCheck(pat.callerAuth, dependencies, closing);
  const toCaller = ({ principal, mayRead, mayWrite }: CallerRights): Caller => ({
    principal,
    mayRead,
    mayWrite,
    credential,
  });
  return {
    authenticate(authorization) {
      const rights = checkCaller(authorization);
      return rights instanceof Promise ? rights.then(toCaller) : toCaller(rights);
    },
    probe: (client) => probe(client, credential, pat.credential, dependencies.log),
    close: () => closing.cancel('aborted'),
  };
}

/** All clients that reach the port, as one principal. Only a loopback host may be configured so. */
const EVERYONE: CallerRights = { principal: 'anonymous', mayRead: true, mayWrite: true };

function createCallerCheck(
  callerAuth: CallerAuthConfig,
  dependencies: AuthDependencies,
  cancellation: Cancellation,
): CallerCheck {
  switch (callerAuth.kind) {
    case 'none':
      return () => EVERYONE;
    case 'api-key':
      return openApiKeys(callerAuth, { log: dependencies.log, closing: cancellation });
    case 'jwt': {
      const getKey = createJwks({ url: callerAuth.jwksUrl, cancellation, ...dependencies });
      return createJwtCallerCheck({ ...callerAuth, getKey, clock: dependencies.clock });
    }
  }
}

const PROBE_MS = 10_000;

/** Reads one token, because it is not documented which of the two kinds of credential the API accepts. */
async function probe(
  client: IamClient,
  credential: Credential,
  kind: PatConfig['credential'],
  log: Log,
): Promise<void> {
  const deadline = createDeadlines(PROBE_MS).start();
  const scope = { owner: deadline, credential, deadline, headers: {} };
  try {
    await client.listTokens(scope, { limit: 1, startKey: undefined });
    log.info({}, `the IAM API accepts the personal access token (PAT_CREDENTIAL=${kind})`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    const other = kind === 'project' ? 'user' : 'project';
    log.warn(
      { reason },
      `the IAM API does not accept PAT_CREDENTIAL=${kind}: if this is no passing failure, try PAT_CREDENTIAL=${other}`,
    );
  } finally {
    deadline.end();
  }
}
