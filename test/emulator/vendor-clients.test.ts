import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { shareGateway } from '../support/gateway.ts';
import { createKeyPair, generatePair, toPem } from '../support/keys.ts';
import { validInput } from './support.ts';

// Both packages are CommonJS.
const require = createRequire(import.meta.url);
const { Configuration, TokensApi } =
  require('@affinidi-tdk/iam-client') as typeof import('@affinidi-tdk/iam-client');
// Its types are its TypeScript sources, which do not compile under our settings.
const { AuthProvider } = require('@affinidi-tdk/auth-provider') as {
  AuthProvider: new (options: Record<string, string>) => { fetchProjectScopedToken(): Promise<string> };
};

const gateway = shareGateway();
let emulator: Emulator;
beforeAll(async () => {
  emulator = gateway.emulator;
});

function tokensApi(apiKey: string): InstanceType<typeof TokensApi> {
  return new TokensApi(new Configuration({ apiKey, basePath: `${emulator.url}/iam` }));
}

describe("The vendor's own client", () => {
  it('does all six operations', async () => {
    const api = tokensApi('vendor');
    const { status, data: created } = await api.createToken(validInput);
    expect([status, created]).toMatchObject([200, validInput]);
    expect((await api.getToken(created.id)).data).toEqual(created);
    expect((await api.listToken()).data).toEqual({ tokens: [created] });
    expect((await api.updateToken(created.id, { name: 'renamed' })).data.name).toBe('renamed');
    const project = await emulator.addProject(created.id);
    expect((await api.listProjectsOfToken(created.id)).data).toEqual({ projects: [project] });
    expect((await api.deleteToken(created.id)).status).toBe(204);
  });

  it('reads the sample data page by page', async () => {
    const api = tokensApi('Bearer demo');
    const { data: first } = await api.listToken(100);
    const { data: second } = await api.listToken(100, first.lastEvaluatedKey);
    expect([first.tokens.length, second.tokens.length, second.lastEvaluatedKey]).toEqual([
      100,
      20,
      undefined,
    ]);
  });

  it('turns each rejection into a typed error', async () => {
    const api = tokensApi('vendor');
    await expect(api.getToken('nobody')).rejects.toMatchObject({
      name: 'NotFoundError',
      httpStatusCode: 404,
    });
    await expect(api.createToken({ ...validInput, name: 'ab' })).rejects.toMatchObject({
      name: 'InvalidParameterError',
      details: [{ field: 'name' }],
    });
  });
});

describe("The vendor's own auth provider", () => {
  it('signs in with a token registered over REST and signs in only once', async () => {
    const { publicKey, privateKey } = generatePair('rsa', { modulusLength: 2048 });
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
    const key = { use: 'sig', kty: 'RSA', kid: 'pat-key', alg: 'RS256', n, e };
    const { data: token } = await tokensApi('vendor').createToken({
      name: 'pat',
      authenticationMethod: {
        type: 'PRIVATE_KEY',
        signingAlgorithm: 'RS256',
        publicKeyInfo: { jwks: { keys: [key] } },
      },
    });
    const { id: projectId } = await emulator.addProject(token.id);
    const passphrase = 'correct horse';
    const provider = new AuthProvider({
      apiGatewayUrl: emulator.url,
      tokenEndpoint: emulator.tokenEndpoint,
      keyId: 'pat-key',
      tokenId: token.id,
      passphrase,
      privateKey: privateKey
        .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
        .toString(),
      projectId,
    });
    emulator.resetCalls();
    const scoped = await provider.fetchProjectScopedToken();
    expect(await provider.fetchProjectScopedToken()).toBe(scoped);
    expect(emulator.calls.map(({ operation }) => operation)).toEqual([
      'getWellKnownJwks',
      'createAccessToken',
      'createProjectScopedToken',
    ]);
    expect((await tokensApi(scoped).listToken()).data.tokens).toContainEqual(token);
  });
});

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
    const project = await emulator.addProject(tokenId);
    const provider = new AuthProvider({
      apiGatewayUrl: emulator.url,
      tokenEndpoint: emulator.tokenEndpoint,
      projectId: project.id,
      tokenId,
      keyId: 'vendor-kid',
      privateKey: toPem(privateKey),
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
