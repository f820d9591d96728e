import type { AuthConfig } from '../config/config.ts';
import type { Transport } from '../upstream/transport.ts';
import { createPassThroughAuthenticator } from './bearer.ts';
import type { AuthDependencies, Authenticator } from './caller.ts';

/** Addresses of IAM. */
export interface IamAddress {
  readonly apiGatewayUrl: string;
  /** Used where the configuration has none: the emulator's. */
  readonly tokenEndpoint?: string | undefined;
}

/** Whether the gateway itself authenticates nobody: every client that reaches its port may try. */
export function isOpen(auth: AuthConfig): boolean {
  return auth.mode === 'pass-through' || auth.callerAuth.kind === 'none';
}

interface AuthenticatorDependencies extends Omit<AuthDependencies, 'transport'> {
  readonly openTransport: () => Promise<Transport>;
}

/**
 * Creates the configured kind of authenticator. The code for signing in is loaded only for the `pat` mode: a gateway that
 * passes credentials through starts sooner without it. Rejects with `ConfigError` for a bad file of API keys, and with
 * `AuthConfigError` for a private key that cannot be used.
 */
export async function createAuthenticator(
  auth: AuthConfig,
  iam: IamAddress,
  { openTransport, ...dependencies }: AuthenticatorDependencies,
): Promise<Authenticator> {
  if (auth.mode === 'pass-through') return createPassThroughAuthenticator();
  const { createPatAuthenticator } = await import('./pat-authenticator.ts');
  return createPatAuthenticator(auth, iam, { ...dependencies, transport: await openTransport() });
}
