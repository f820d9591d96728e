import type { PatConfig } from '../config/auth.ts';
import { createCallQueue } from '../upstream/attempt.ts';
import { CancellationSource, createDeadlines } from '../upstream/cancellation.ts';
import { isAboutTiming, meaningOf, UpstreamError } from '../upstream/upstream-error.ts';
import type {
  AuthDependencies,
  Authenticator,
  Caller,
  CallerCheck,
  CallerRights,
  IamAddress,
} from './authenticator.ts';
import { openApiKeys } from './callers/api-key.ts';
import { createJwks } from './callers/jwks.ts';
import { createJwtCallerCheck } from './callers/jwt.ts';
import { createPatCredential } from './pat/credential.ts';

const PROBE_MS = 10_000;

/** Authenticates callers. Upstream calls carry the gateway's own credential, never the caller's. */
export function createPatAuthenticator(
  pat: PatConfig,
  iam: IamAddress,
  parts: Omit<AuthDependencies, 'closing' | 'steadyClock'>,
): Authenticator {
  const closing = new CancellationSource();
  const dependencies = { ...parts, closing, steadyClock: createSteadyClock() };
  const { apiGatewayUrl } = iam;
  const tokenEndpoint = pat.tokenEndpoint ?? iam.tokenEndpoint ?? '';
  const credential = createPatCredential({ ...pat, apiGatewayUrl, tokenEndpoint }, dependencies);
  const checkCaller = createCallerCheck(pat.callerAuth, dependencies);
  const toCaller = (rights: CallerRights): Caller => ({ credential, ...rights });
  return {
    authenticate(authorization) {
      const rights = checkCaller(authorization);
      return rights instanceof Promise ? rights.then(toCaller) : toCaller(rights);
    },

    /** Reads one token, because it is not documented which of the two kinds of credential IAM accepts. */
    async probe(client) {
      const deadline = createDeadlines(PROBE_MS).start();
      const kind = pat.credential;
      try {
        const scope = { queue: createCallQueue(), credential, deadline, headers: {} };
        await client.listTokens(scope, { limit: 1, startKey: undefined });
        parts.log.info({}, `the IAM API accepts the personal access token (PAT_CREDENTIAL=${kind})`);
      } catch (error) {
        const problem = problemOfProbe(error, kind);
        if (problem) parts.log.warn({ reason: (error as Error).message }, problem);
      } finally {
        deadline.end();
      }
    },

    close: () => closing.cancel('aborted'),
  };
}

/** Undefined for failures that are logged elsewhere: failed sign-ins and calls without a response. */
function problemOfProbe(error: unknown, kind: PatConfig['credential']): string | undefined {
  if (!(error instanceof UpstreamError) || error.isSignIn) return undefined;
  const persistent = 'if this persists';
  const status = meaningOf(error) ?? 0;
  if (error.kind === 'status' && status < 500 && !isAboutTiming(status)) {
    const other = kind === 'project' ? 'user' : 'project';
    return `the IAM API does not accept PAT_CREDENTIAL=${kind}: ${persistent}, try PAT_CREDENTIAL=${other}`;
  }
  return error.kind === 'status' || error.kind === 'invalid-response'
    ? `the IAM API returned no list of tokens: ${persistent}, check API_GATEWAY_URL`
    : undefined;
}

/** All clients that reach the port, as one principal. Only a loopback host may be configured so. */
const EVERYONE: CallerRights = { principal: 'anonymous', mayWrite: true };

function createCallerCheck(callerAuth: PatConfig['callerAuth'], dependencies: AuthDependencies): CallerCheck {
  switch (callerAuth.kind) {
    case 'none':
      return () => EVERYONE;
    case 'api-key':
      return openApiKeys(callerAuth, dependencies);
    case 'jwt':
      return createJwtCallerCheck(
        callerAuth,
        createJwks(callerAuth.jwksUrl.reveal(), dependencies),
        dependencies.clock,
      );
  }
}

/**
 * Returns a clock for lifetimes, in milliseconds. It runs on when the machine's clock is set back; `Date.now` would make
 * lifetimes longer. It includes the time for which the machine was suspended, which `performance.now` leaves out, unless
 * the clock was set back before.
 */
function createSteadyClock(): () => number {
  let startMs = Number.NEGATIVE_INFINITY;
  return () => {
    const runningMs = performance.now();
    startMs = Math.max(startMs, Date.now() - runningMs);
    return startMs + runningMs;
  };
}
