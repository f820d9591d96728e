import { rootCertificates } from 'node:tls';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { generatePair } from './keys.ts';

export const KEY = generatePair('ec', { namedCurve: 'P-256' }).privateKey;
const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;
export const PEM = KEY.export(PKCS8).toString();
export const PASSPHRASE = ' CANARY with blanks ';
export const ENCRYPTED_PEM = KEY.export({
  ...PKCS8,
  cipher: 'aes-256-cbc',
  passphrase: PASSPHRASE,
}).toString();
export const DAMAGED_PEM = PEM.replace(/\n.{20}/, '\n');
export const URL_ONLY = { API_GATEWAY_URL: 'https://apse1.api.affinidi.io' };
export const PAT = {
  ...URL_ONLY,
  AUTH_MODE: 'pat',
  TOKEN_ENDPOINT: 'https://auth.example.com/oauth2/token',
  TOKEN_ID: 'pat-id',
  PROJECT_ID: 'project-id',
  PRIVATE_KEY: PEM,
};

export const files: Record<string, string> = {
  '/keys/pat.pem': PEM,
  '/keys/encrypted.pem': ENCRYPTED_PEM,
  '/keys/authorities.pem': `# two\n${rootCertificates[0]}\r\n${rootCertificates[1]}\n`,
  '/keys/authority.pem': `${rootCertificates[0]}\n`,
  '/keys/damaged-authority.pem': `${rootCertificates[0]}\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
  '/keys/not-a-key': 'CANARY of a file that holds something else',
  '/keys/empty': ' \n',
  '/keys/callers': `ci:write:${'a'.repeat(64)}\n`,
};

function readFile(path: string): string {
  const content = files[path];
  if (content === undefined) throw Object.assign(new Error(`CANARY ${path}`), { code: 'ENOENT' });
  return content;
}

export const read = (env: Record<string, string | undefined>) => readConfig(env, readFile);

export function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
