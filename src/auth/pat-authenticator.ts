import { type Cancellation, createCancellation } from '../upstream/cancellation.ts';
import type { AuthOptions, CallerAuthOptions } from './authenticator.ts';
import type { AuthDependencies, Authenticator, Caller, CallerCheck, CallerRights } from './caller.ts';
import { createApiKeyCallerCheck } from './callers/api-key.ts';
import { createJwks } from './callers/jwks.ts';
import { createJwtCallerCheck } from './callers/jwt.ts';
import { createPatCredential } from './pat/credential.ts';

/**
 * The gateway checks callers itself; IAM sees the gateway's own credential, never theirs. Throws `AuthConfigError` when
 * the private key cannot be used.
 */
export function createPatAuthenticator(
  options: AuthOptions & { readonly mode: 'pat' },
  dependencies: AuthDependencies,
): Authenticator {
  const closing = createCancellation();
  const credential = createPatCredential({ config: options.pat, ...dependencies });
  const checkCaller = createCallerCheck(options.callerAuth, dependencies, closing);
  const toCaller = ({ principal, mayRead, mayWrite }: CallerRights): Caller => {
    return { principal, mayRead, mayWrite, credential };
  };
  return {
    credential,
    authenticate(authorization) {
      const rights = checkCaller(authorization);
      return rights instanceof Promise ? rights.then(toCaller) : toCaller(rights);
    },
    close() {
      closing.cancel('aborted');
      credential.close();
    },
  };
}

function createCallerCheck(
  options: CallerAuthOptions,
  dependencies: AuthDependencies,
  cancellation: Cancellation,
): CallerCheck {
  switch (options.kind) {
    case 'none':
      return createOpenCallerCheck();
    case 'api-key':
      return createApiKeyCallerCheck(options.keys);
    case 'jwt': {
      const { jwksUrl: url, issuer, audience } = options;
      return createJwtCallerCheck({
        getKey: createJwks({ url, cancellation, ...dependencies }),
        issuer,
        audience,
        clock: dependencies.clock,
      });
    }
  }
}

/** Whoever reaches the port may do everything, as one principal. Meant for a loopback host. */
function createOpenCallerCheck(): CallerCheck {
  const everyone = { principal: 'anonymous', mayRead: true, mayWrite: true } as const;
  return () => everyone;
}
