import { type Gateway, startGateway } from './gateway.ts';
import type { KeyPair } from './keys.ts';

/** Registers the key through the gateway itself, and makes the new token a member of a project. */
async function register(gateway: Gateway, { jwk }: KeyPair): Promise<{ tokenId: string; projectId: string }> {
  const { data } = await gateway.query(
    'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { message } } }',
    {
      input: {
        name: 'gateway',
        authenticationMethod: { signingAlgorithm: jwk.alg, publicKeyInfo: { jwks: { keys: [jwk] } } },
      },
    },
  );
  const tokenId: string = data.createToken.token.id;
  const { id: projectId } = await gateway.emulator.addProject(tokenId);
  return { tokenId, projectId };
}

/** A gateway that signs in by a token which another gateway over the same emulator registered. */
export async function startPatGateway(
  plain: Gateway,
  pair: KeyPair,
  env: Record<string, string> = {},
  files?: (path: string) => string,
): Promise<Gateway> {
  const { tokenId, projectId } = await register(plain, pair);
  const pem = pair.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open sesame',
  });
  const gateway = await startGateway({
    emulatorOf: plain,
    authorization: '',
    readFile: files,
    env: {
      AUTH_MODE: 'pat',
      TOKEN_ENDPOINT: plain.emulator.tokenEndpoint,
      TOKEN_ID: tokenId,
      KEY_ID: pair.jwk.kid,
      PROJECT_ID: projectId,
      // As the Affinidi CLI writes it to a .env file.
      PRIVATE_KEY: String(pem).replaceAll('\n', '\\n'),
      PASSPHRASE: 'open sesame',
      ...env,
    },
  });
  gateway.forgetCalls();
  return gateway;
}
