import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import type { SeedToken } from '../../src/emulator/seed.ts';
import { callersIn, crowdOf } from '../support/crowd.ts';
import { startGateway } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { createLoadClient, type LoadClient, runBurst, runLoad, tellFigure } from '../support/load.ts';
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts';

const CALLERS = 200;
const LIST = '{ tokens { nodes { name } } }';
const OWN_AND_FOREIGN =
  'query ($own: ID!, $foreign: ID!) { own: token(id: $own) { name } foreign: token(id: $foreign) { name } }';

jest.setTimeout(300_000);

describe('200 callers at once', () => {
  let emulator: Emulator;
  let gateway: WatchedGateway;
  let client: LoadClient;
  beforeAll(async () => {
    emulator = await startEmulator({ seed: crowdOf(CALLERS) });
    gateway = await startWatchedGateway({ API_GATEWAY_URL: emulator.url });
    client = createLoadClient(gateway.url, CALLERS);
  });
  afterAll(async () => {
    await client.close();
    await gateway.stop();
    await emulator.close();
  });

  it('get 10 000 responses, none of them with data of another caller', async () => {
    const wrong: string[] = [];
    const { statuses, lost, seconds } = await runLoad({
      concurrency: CALLERS,
      until: (index) => index >= 10_000,
      async send(index) {
        const as = `caller-${index % CALLERS}`;
        const own = `${as}.token-1`;
        const foreign = `caller-${(index + 1) % CALLERS}.token-1`;
        const reply = await client.query(
          index % 3 === 0
            ? { as, document: OWN_AND_FOREIGN, variables: { own, foreign } }
            : { as, document: LIST },
        );
        if (callersIn(reply.text).join() !== as) wrong.push(`${as}: ${reply.text}`);
        return reply;
      },
    });
    const rate = Math.round(10_000 / seconds);
    tellFigure(`10 000 answers to 200 callers: ${wrong.length} wrong, ${lost.length} lost, ${rate} a second`);
    expect(wrong).toEqual([]);
    expect({ statuses, lost }).toEqual({ statuses: { 200: 10_000 }, lost: [] });
  });

  it('cannot read the tokens of others, and learn nothing about them', async () => {
    const { text } = await client.query({
      as: 'caller-7',
      document: OWN_AND_FOREIGN,
      variables: { own: 'caller-7.token-1', foreign: 'caller-8.token-1' },
    });
    expect(JSON.parse(text)).toMatchObject({
      data: { own: { name: 'caller-7 token 1' }, foreign: null },
      errors: [{ path: ['foreign'], extensions: { code: 'FORBIDDEN' } }],
    });
  });
});

describe('500 requests before the first sign-in', () => {
  it('sign in by one call to the token endpoint and one to the STS', async () => {
    const { privateKey, jwk } = createKeyPair('ES256');
    const publicKeyInfo = { jwks: { keys: [jwk] } };
    const token: SeedToken = {
      id: 'pat',
      authenticationMethod: { type: 'PRIVATE_KEY', signingAlgorithm: 'ES256', publicKeyInfo },
      projects: [{ id: 'project' }],
    };
    const plain = await startGateway({
      emulator: { seed: { principals: { owner: { tokens: [token] } } } },
    });
    const gateway = await startGateway({
      emulatorOf: plain,
      env: {
        AUTH_MODE: 'pat',
        TOKEN_ENDPOINT: plain.emulator.tokenEndpoint,
        TOKEN_ID: 'pat',
        KEY_ID: jwk.kid,
        PROJECT_ID: 'project',
        PRIVATE_KEY: toPem(privateKey),
      },
    });
    const client = createLoadClient(gateway.url, 500);
    const wrong: string[] = [];
    const { statuses } = await runBurst(500, async () => {
      const reply = await client.query({ as: 'nobody', document: LIST });
      if (reply.text !== '{"data":{"tokens":{"nodes":[{"name":"token-1"}]}}}\n') wrong.push(reply.text);
      return reply;
    });
    const signIns = gateway.calls().filter((call) => call.startsWith('POST'));
    tellFigure(`500 cold requests in pat mode: ${signIns.length} calls to sign in`);
    expect(wrong).toEqual([]);
    expect(statuses).toEqual({ 200: 500 });
    expect(signIns).toEqual(['POST /auth/oauth2/token', 'POST /v1/sts/create-project-scoped-token']);
    await client.close();
    await gateway.close();
    await plain.close();
  });
});
