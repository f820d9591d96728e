import { type AuthConfig, type CallerAuthConfig, ConfigError } from '../config/config.ts';
import type { AuthOptions } from './authenticator.ts';
import { parseApiKeys } from './callers/api-key.ts';

interface Endpoints {
  readonly apiGatewayUrl: string;
  /** Used where the configuration names none: the emulator's. */
  readonly tokenEndpoint: string | undefined;
}

/** The configured authentication with its secrets in the open, for `src/auth` alone. Throws `ConfigError`. */
export function toAuthOptions(auth: AuthConfig, { apiGatewayUrl, tokenEndpoint }: Endpoints): AuthOptions {
  if (auth.mode === 'pass-through') return auth;
  return {
    mode: 'pat',
    pat: {
      tokenEndpoint: auth.tokenEndpoint ?? tokenEndpoint ?? '',
      stsBaseUrl: `${apiGatewayUrl}/iam`,
      projectId: auth.projectId,
      tokenId: auth.tokenId,
      keyId: auth.keyId,
      privateKeyPem: auth.privateKeyPem.reveal(),
      passphrase: auth.passphrase?.reveal(),
      credential: auth.credential,
    },
    callerAuth: auth.callerAuth.kind === 'api-key' ? readApiKeys(auth.callerAuth) : auth.callerAuth,
  };
}

function readApiKeys({ text }: CallerAuthConfig & { kind: 'api-key' }) {
  const { keys, problems } = parseApiKeys(text);
  if (problems.length > 0)
    throw new ConfigError(problems.map((problem) => `CALLER_API_KEYS_FILE: ${problem}`));
  return { kind: 'api-key', keys } as const;
}
