import { readSigningKey, type SigningKey } from '../keys/signing-key.ts';
import { readApiKeys } from './api-keys.ts';
import { type Environment, readSecureUrl } from './environment.ts';
import { isLoopback } from './urls.ts';
import { createSecret } from './variable-types.ts';

export type AuthConfig = ReturnType<typeof readAuth>;
export type PatConfig = Extract<AuthConfig, { mode: 'pat' }>;

/**
 * In pass-through mode the variables of a token are ignored, so that a `.env` of the Affinidi CLI works in both modes.
 * Those of callers are not ignored: an operator who sets them expects callers to be authenticated.
 */
export function readAuth(environment: Environment) {
  const { values, isSet, isInvalid, addProblem, requireSet } = environment;
  if (values.AUTH_MODE === 'pass-through') {
    if (values.CALLER_AUTH !== 'none' && !isInvalid('AUTH_MODE'))
      addProblem(`CALLER_AUTH=${values.CALLER_AUTH} needs AUTH_MODE=pat`);
    else checkCallerVariables(environment);
    return { mode: 'pass-through' } as const;
  }
  requireSet('TOKEN_ID', 'AUTH_MODE=pat');
  if (!values.EMULATOR) requireSet('TOKEN_ENDPOINT', 'AUTH_MODE=pat');
  if (values.PAT_CREDENTIAL === 'project' && !isSet('PROJECT_ID'))
    addProblem('PROJECT_ID is required by AUTH_MODE=pat, unless PAT_CREDENTIAL=user');
  const tokenId = values.TOKEN_ID ?? '';
  return {
    mode: 'pat',
    /** Undefined: the emulator's own. */
    tokenEndpoint: readSecureUrl(environment, 'TOKEN_ENDPOINT'),
    credential: values.PAT_CREDENTIAL,
    /** Empty only for the `user` credential, which needs none. */
    projectId: values.PROJECT_ID ?? '',
    tokenId,
    keyId: values.KEY_ID ?? tokenId,
    // Undefined only beside a problem, so never in a configuration that is used.
    signingKey: createSecret(readKey(environment) as SigningKey),
    privateKeyFile: values.PRIVATE_KEY_FILE,
    callerAuth: readCallerAuth(environment),
  } as const;
}

function readKey({ values, isSet, addProblem, readFile }: Environment): SigningKey | undefined {
  const name = isSet('PRIVATE_KEY') ? 'PRIVATE_KEY' : 'PRIVATE_KEY_FILE';
  if (isSet('PRIVATE_KEY') === isSet('PRIVATE_KEY_FILE')) {
    addProblem('Exactly one of PRIVATE_KEY and PRIVATE_KEY_FILE is required by AUTH_MODE=pat');
    return undefined;
  }
  const text = values.PRIVATE_KEY?.reveal() ?? readFile('PRIVATE_KEY_FILE');
  if (text === undefined) return undefined;
  const key = readSigningKey(text, name, values.PASSPHRASE?.reveal());
  if (typeof key !== 'string') return key;
  addProblem(key);
  return undefined;
}

/** The variables of callers, and the `CALLER_AUTH` that requires them. */
const CALLER_VARIABLES = [
  ['CALLER_JWKS_URL', 'jwt'],
  ['CALLER_JWT_ISSUER', 'jwt'],
  ['CALLER_JWT_AUDIENCE', 'jwt'],
  ['CALLER_API_KEYS_FILE', 'api-key'],
] as const;

/** Without `CALLER_AUTH` they would have no effect, so they are rejected, unless it is explicitly `none`. */
function checkCallerVariables({ values, isSet, addProblem, requireSet }: Environment): void {
  for (const [name, kind] of CALLER_VARIABLES) {
    if (kind === values.CALLER_AUTH) requireSet(name, `CALLER_AUTH=${kind}`);
    else if (isSet(name) && !isSet('CALLER_AUTH')) addProblem(`${name} needs CALLER_AUTH=${kind}`);
  }
}

/** How callers are authenticated in `pat` mode. */
function readCallerAuth(environment: Environment) {
  const { values, isInvalid, addProblem } = environment;
  checkCallerVariables(environment);
  switch (values.CALLER_AUTH) {
    case 'none':
      if (!isLoopback(values.HOST) && !isInvalid('CALLER_AUTH'))
        addProblem(
          `CALLER_AUTH is required with AUTH_MODE=pat on HOST=${values.HOST}: otherwise any client could use the token`,
        );
      return { kind: 'none' } as const;
    case 'jwt': {
      const url = readSecureUrl(environment, 'CALLER_JWKS_URL') ?? '';
      return {
        kind: 'jwt',
        // The query may contain a key.
        jwksUrl: createSecret(url, url.replace(/\?.*$/s, '?…')),
        issuer: values.CALLER_JWT_ISSUER ?? '',
        audience: values.CALLER_JWT_AUDIENCE ?? '',
      } as const;
    }
    case 'api-key':
      return {
        kind: 'api-key',
        file: values.CALLER_API_KEYS_FILE ?? '',
        text: readApiKeysFile(environment),
      } as const;
  }
}

function readApiKeysFile({ addProblem, readFile }: Environment): string {
  const text = readFile('CALLER_API_KEYS_FILE');
  if (text === undefined) return '';
  for (const problem of readApiKeys(text).problems) addProblem(`CALLER_API_KEYS_FILE: ${problem}`);
  return text;
}
