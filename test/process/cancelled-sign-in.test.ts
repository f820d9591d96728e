import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const DELETES =
  'mutation { a: deleteToken(input: { id: "a" }) { deletedTokenId } ' +
  'b: deleteToken(input: { id: "b" }) { deletedTokenId } c: deleteToken(input: { id: "c" }) { deletedTokenId } }';
const READS =
  '{ a: token(id: "a") { id } b: token(id: "b") { id } tokens { nodes { id projects { nodes { id } } } } }';
const CREATE =
  'mutation { a: createToken(input: { idempotencyKey: "k", name: "worker", authenticationMethod: ' +
  '{ signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://a.example/jwks" } } }) { token { id } } ' +
  'b: deleteToken(input: { id: "b" }) { deletedTokenId } }';

/** A token endpoint that keeps its callers waiting until `fail` is called. */
async function startSlowSignIn(): Promise<{
  server: Server;
  url: string;
  waiting: ServerResponse[];
  fail(): void;
}> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => void waiting.push(response));
  const url = `http://127.0.0.1:${await listen(server)}/token`;
  const fail = () => {
    for (const response of waiting.splice(0)) response.writeHead(500).end();
  };
  return { server, url, waiting, fail };
}

let emulator: Emulator;
let signIn: Awaited<ReturnType<typeof startSlowSignIn>>;
let gateway: GatewayProcess | undefined;
beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  signIn = await startSlowSignIn();
});
afterEach(async () => {
  await gateway?.kill();
  signIn.server.closeAllConnections();
  signIn.server.close();
  await emulator.close();
});

async function start(requestDeadlineMs: number): Promise<string> {
  const { privateKey } = createKeyPair('ES256');
  gateway = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    AUTH_MODE: 'pat',
    TOKEN_ENDPOINT: signIn.url,
    TOKEN_ID: 'token',
    PROJECT_ID: 'project',
    PRIVATE_KEY: toPem(privateKey),
    REQUEST_DEADLINE_MS: String(requestDeadlineMs),
  });
  const url = await gateway.listening();
  // The sign-in that is made at the start.
  await until(() => signIn.waiting.length > 0);
  return url;
}

const post = (url: string, query: string, signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  });

async function expectAlive(url: string): Promise<void> {
  // The failure of the sign-in is in the log once every promise that waited for it has heard of it.
  await gateway?.until(/signing in to IAM did not work/);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await fetch(new URL('/livez', url))).status).toBe(200);
  expect(gateway?.output()).not.toMatch(/unhandledRejection|uncaughtException/);
}

describe.each([
  ['several deletes', DELETES],
  ['several reads', READS],
  ['a create with a key, and a delete', CREATE],
])('A sign-in that fails after %s no longer wait for it', (_title, document) => {
  it('does not end the process when the client has left', async () => {
    const url = await start(10_000);
    const client = new AbortController();
    const sent = post(url, document, client.signal).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.abort();
    await sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
    signIn.fail();
    await expectAlive(url);
  });

  it('does not end the process when their deadline has passed', async () => {
    const url = await start(200);
    const { errors } = (await (await post(url, document)).json()) as { errors: { extensions: object }[] };
    for (const { extensions } of errors) expect(extensions).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    signIn.fail();
    await expectAlive(url);
  });
});
