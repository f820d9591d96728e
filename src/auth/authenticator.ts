import { type Cancellation, createCancellation } from '../upstream/cancellation.ts';
import type { Authenticator, CallerCheck } from './caller.ts';
import { createOpenCallerCheck } from './callers/anonymous.ts';
import { type ApiKey, createApiKeyCallerCheck } from './callers/api-key.ts';
import { createJwks } from './callers/jwks.ts';
import { createJwtCallerCheck } from './callers/jwt.ts';
import type { AuthDependencies } from './dependencies.ts';
import { createPassThroughAuthenticator } from './pass-through.ts';
import { createPatCredential } from './pat/credential.ts';
import type { PatOptions } from './pat/sign-in.ts';
import { createPatAuthenticator } from './pat-authenticator.ts';

export type CallerAuthOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'jwt'; readonly jwksUrl: string; readonly issuer: string; readonly audience: string }
  | { readonly kind: 'api-key'; readonly keys: readonly ApiKey[] };

export type AuthOptions =
  | { readonly mode: 'pass-through' }
  | { readonly mode: 'pat'; readonly pat: PatOptions; readonly callerAuth: CallerAuthOptions };

/** Whether the gateway itself authenticates nobody: whoever reaches its port may at least try. */
export function isOpen(options: AuthOptions): boolean {
  return options.mode === 'pass-through' || options.callerAuth.kind === 'none';
}

/** Puts the configured kind of authentication together. Throws `AuthConfigError` when the private key cannot be used. */
export function createAuthenticator(options: AuthOptions, dependencies: AuthDependencies): Authenticator {
  if (options.mode === 'pass-through') return createPassThroughAuthenticator();
  const closing = createCancellation();
  const authenticator = createPatAuthenticator({
    credential: createPatCredential({ config: options.pat, ...dependencies }),
    callers: createCallerCheck(options.callerAuth, dependencies, closing),
  });
  return {
    ...authenticator,
    close() {
      closing.cancel('aborted');
      authenticator.close();
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
