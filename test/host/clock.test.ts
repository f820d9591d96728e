import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';

/** Debian's `faketime`, without its wrapper, which would not pass signals on. */
const library = readdirSync('/usr/lib')
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));

const pair = createKeyPair('ES256');
let emulator: Emulator;
let gateway: GatewayProcess | undefined;
beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
});
afterEach(async () => {
  // Not killed: then faketime would leave two files in /dev/shm.
  gateway?.child.kill('SIGTERM');
  await gateway?.ended;
  await emulator.close();
});

/** In `pat` mode, on a machine whose clock is wrong by `offset`. Resolves to the answer to a first query. */
async function startAndAsk(offset: string): Promise<string> {
  const created = await fetch(`${emulator.url}/iam/v1/tokens`, {
    method: 'POST',
    headers: { authorization: 'Bearer demo', 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'gateway',
      authenticationMethod: {
        type: 'PRIVATE_KEY',
        signingAlgorithm: 'ES256',
        publicKeyInfo: { jwks: { keys: [pair.jwk] } },
      },
    }),
  });
  const { id: tokenId } = (await created.json()) as { id: string };
  const { id: projectId } = await emulator.addProject(tokenId);
  if (!library) throw new Error('Expected the package faketime to be installed');
  gateway = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    AUTH_MODE: 'pat',
    TOKEN_ENDPOINT: emulator.tokenEndpoint,
    TOKEN_ID: tokenId,
    KEY_ID: pair.jwk.kid,
    PROJECT_ID: projectId,
    PRIVATE_KEY: toPem(pair.privateKey),
    LD_PRELOAD: library,
    FAKETIME: offset,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  const url = await gateway.listening();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ tokens(first: 1) { nodes { __typename } } }' }),
  });
  return response.text();
}

describe('On a machine whose clock', () => {
  it.each(['+90s', '-90s'])('is wrong by %s the gateway signs in', async (offset) => {
    expect(await startAndAsk(offset)).toMatch(/^\{"data":\{"tokens":/);
  });

  it('is wrong by ten minutes, the error and the log name the clock and the difference', async () => {
    // IAM names whole seconds, and a busy machine may take some to read them.
    const message = /clock of this machine is (59\d|60\d) s ahead of that of IAM/;
    expect(await startAndAsk('+600s')).toMatch(message);
    await gateway?.until(message);
  });
});
