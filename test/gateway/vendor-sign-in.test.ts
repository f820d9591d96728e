import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { createKeyPair } from '../support/keys.ts';

// Its types are its TypeScript sources, which do not compile under our settings.
const { AuthProvider } = createRequire(import.meta.url)('@affinidi-tdk/auth-provider') as {
  AuthProvider: new (options: Record<string, string>) => { fetchProjectScopedToken(): Promise<string> };
};

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

describe('A token that was registered through createToken', () => {
  it("signs in by the vendor's own auth provider, and the gateway accepts the credential that it gets", async () => {
    const { privateKey, jwk } = createKeyPair('RS256', 'vendor-kid');
    const { data } = await gateway.query(
      'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }',
      {
        input: {
          name: 'vendor',
          authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwks: { keys: [jwk] } } },
        },
      },
    );
    const tokenId: string = data.createToken.token.id;
    const project = await gateway.emulator.addProject(tokenId);
    const provider = new AuthProvider({
      apiGatewayUrl: gateway.emulator.url,
      tokenEndpoint: gateway.emulator.tokenEndpoint,
      projectId: project.id,
      tokenId,
      keyId: 'vendor-kid',
      privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      passphrase: '',
    });
    const authorization = await provider.fetchProjectScopedToken();
    const { data: read, errors } = await gateway.query(
      'query ($id: ID!) { token(id: $id) { name projects { nodes { id } } } }',
      { id: tokenId },
      { authorization },
    );
    expect(errors).toBeUndefined();
    expect(read.token).toEqual({ name: 'vendor', projects: { nodes: [{ id: project.id }] } });
  });
});
