import type { Transport } from '../upstream/transport.ts';
import { createPassThroughAuthenticator } from './bearer.ts';
import type { AuthDependencies, Authenticator } from './caller.ts';
import type { ApiKey } from './callers/api-key.ts';
import type { PatOptions } from './pat/sign-in.ts';

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

interface AuthenticatorDependencies extends Omit<AuthDependencies, 'transport'> {
  readonly openTransport: () => Promise<Transport>;
}

/**
 * Creates the configured kind of authenticator. What signs in is loaded only for the `pat` mode: a gateway that passes
 * credentials through starts sooner without it. Rejects with `AuthConfigError` when the private key cannot be used.
 */
export async function createAuthenticator(
  options: AuthOptions,
  { openTransport, ...dependencies }: AuthenticatorDependencies,
): Promise<Authenticator> {
  if (options.mode === 'pass-through') return createPassThroughAuthenticator();
  const { createPatAuthenticator } = await import('./pat-authenticator.ts');
  return createPatAuthenticator(options, { ...dependencies, transport: await openTransport() });
}
