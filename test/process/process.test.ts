import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { timed } from '../support/stopwatch.ts';
import { createTcpServers } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const started: GatewayProcess[] = [];
const start = (env: Record<string, string>) => {
  const process = startProcess({ PORT: '0', ...env });
  started.push(process);
  return process;
};
let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((gateway) => gateway.kill()));
  await emulator.close();
});
const calls = (count: number) => until(() => emulator.calls.length >= count);

const query = (url: string, document: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
    body: JSON.stringify({ query: document }),
  });

describe('Starting over the emulator', () => {
  it('prints the first step, and a curl command that returns tokens with projects', async () => {
    const gateway = start({ EMULATOR: 'true' });
    await gateway.until(/Ready: open http:\/\/127\.0\.0\.1:\d+\/graphql in a browser/);
    const [curl] = await gateway.until(/curl -s [\s\S]*?\}'\n/);
    const { stdout } = await promisify(execFile)('bash', ['-c', curl]);
    const { data } = JSON.parse(stdout);
    expect(data.tokens.nodes).toHaveLength(3);
    expect(data.tokens.nodes[0].projects.nodes.length).toBeGreaterThan(0);
  });

  it('names no page where there is none for browsers', async () => {
    const gateway = start({ EMULATOR: 'true', EXPLORER: 'off' });
    await gateway.until(/Ready: paste the curl below/);
  });

  it.each([
    ['needs no credential', 'none', 'not needed'],
    ['has a place for the API key', 'api-key', 'Bearer <api-key>'],
  ])(
    'with a personal access token prints a curl command that %s',
    async (_title, callerAuth, authorization) => {
      const keys = join(mkdtempSync(join(tmpdir(), 'keys-')), 'keys');
      writeFileSync(keys, `ci:read:${createHash('sha256').update('caller-key').digest('hex')}\n`);
      const gateway = startInPatMode({
        API_GATEWAY_URL: '',
        EMULATOR: 'true',
        TOKEN_ID: 'unknown-token',
        PROJECT_ID: 'unknown-project',
        CALLER_AUTH: callerAuth,
        CALLER_API_KEYS_FILE: keys,
      });
      const [curl] = await gateway.until(/curl -s [\s\S]*?\}'\n/);
      expect(gateway.output()).toContain(`  Authorization  ${authorization}\n`);
      const { stdout } = await promisify(execFile)('bash', ['-c', curl.replace('<api-key>', 'caller-key')]);
      // The caller is accepted, and the gateway's own token is unknown.
      expect(stdout).toContain('could not sign in to IAM');
      rmSync(dirname(keys), { recursive: true });
    },
  );
});

/** A process that signs in with a personal access token of its own. */
function startInPatMode(env: Record<string, string>): GatewayProcess {
  const { privateKey } = createKeyPair('ES256');
  const key = toPem(privateKey);
  return start({ API_GATEWAY_URL: emulator.url, AUTH_MODE: 'pat', PRIVATE_KEY: key, ...env });
}

it('The explorer asks for the credential of the caller, which is no access token of IAM in pat mode', async () => {
  const gateway = startInPatMode({ TOKEN_ENDPOINT: emulator.tokenEndpoint, TOKEN_ID: 'a', PROJECT_ID: 'a' });
  const page = await fetch(await gateway.listening(), { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('Bearer \\u003cyour credential>');
});

describe('Starting with a personal access token with which the API lists no tokens', () => {
  it.each<[string, number, string, RegExp]>([
    [
      'which PAT_CREDENTIAL to try',
      401,
      '{}',
      /does not accept PAT_CREDENTIAL=user.*try PAT_CREDENTIAL=project/,
    ],
    ['to check API_GATEWAY_URL where it leads to a web site', 200, '<html>', /check API_GATEWAY_URL/],
    ['to check API_GATEWAY_URL where it redirects', 301, '', /check API_GATEWAY_URL/],
    [
      'to check API_GATEWAY_URL, or to wait, where the API fails',
      500,
      '',
      /if this persists, check API_GATEWAY_URL/,
    ],
    ['the same where the API limits requests', 429, '', /if this persists, check API_GATEWAY_URL/],
  ])('says %s, and serves requests', async (_title, status, body, advice) => {
    const servers = createTcpServers();
    const api = createServer(({ url }, response) => {
      const isSignIn = url === '/oauth2/token';
      response.writeHead(isSignIn ? 200 : status);
      response.end(isSignIn ? '{"access_token":"token","expires_in":600}' : body);
    });
    const origin = `http://127.0.0.1:${await servers.listen(api)}`;
    const gateway = startInPatMode({
      API_GATEWAY_URL: origin,
      TOKEN_ENDPOINT: `${origin}/oauth2/token`,
      TOKEN_ID: 'token',
      PAT_CREDENTIAL: 'user',
    });
    const url = await gateway.listening();
    await gateway.until(advice);
    expect((await fetch(new URL('/livez', url))).status).toBe(200);
    servers.close();
  });

  it('says that it cannot sign in where the token is unknown, and suggests no other PAT_CREDENTIAL', async () => {
    const gateway = startInPatMode({
      TOKEN_ENDPOINT: emulator.tokenEndpoint,
      TOKEN_ID: 'unknown-token',
      PROJECT_ID: 'unknown-project',
    });
    await gateway.until(/responded with 401 invalid_client.*\n/);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(gateway.output()).not.toContain('PAT_CREDENTIAL=user');
  });
});

describe('Starting with a personal access token while nothing listens at the token endpoint', () => {
  it('says that the connection is refused, and suggests no other PAT_CREDENTIAL', async () => {
    const gateway = startInPatMode({
      TOKEN_ENDPOINT: 'http://127.0.0.1:9/token',
      TOKEN_ID: 'token',
      PROJECT_ID: 'project',
    });
    await gateway.until(/connection refused.*check host and port in TOKEN_ENDPOINT.*\n/);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(gateway.output()).not.toContain('PAT_CREDENTIAL=user');
  });
});

describe('A start that fails unexpectedly', () => {
  it('shows the stack of the error', async () => {
    const broken =
      'import fs from "fs";import m from "module";fs.readdirSync=()=>{throw new TypeError("broken")};m.syncBuiltinESMExports()';
    const gateway = start({
      EMULATOR: 'true',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(broken)}`,
    });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toMatch(/^TypeError: broken\n.*\n +at readTypeDefs \(/);
  });
});

describe('A configuration that is wrong', () => {
  it.each(['1', '2'])('about the emulator, is rejected with one line, with WORKERS=%s', async (WORKERS) => {
    const gateway = start({ EMULATOR: 'true', EMULATOR_SEED: 'Demo', WORKERS });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toMatch(/^Expected EMULATOR_SEED to be demo, .+, got Demo \(ENOENT\)\.\n$/);
  });

  it('is rejected with one line per problem, exit code 1, and no secret', async () => {
    const gateway = start({
      PORT: 'abc',
      API_GATEWAY_URL: 'http://api.example.com',
      AUTH_MODE: 'pat',
      PASSPHRASE: 'open-sesame',
      MAX_DEPTH: '-1',
    });
    expect(await gateway.ended).toBe(1);
    const lines = gateway.output().trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(5);
    for (const name of ['PORT', 'API_GATEWAY_URL', 'TOKEN_ENDPOINT', 'PRIVATE_KEY', 'MAX_DEPTH'])
      expect(gateway.output()).toContain(name);
    expect(gateway.output()).not.toContain('open-sesame');
  });

  it('such as a port in use is reported in one line', async () => {
    const gateway = start({ PORT: new URL(emulator.url).port, API_GATEWAY_URL: emulator.url });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toBe(
      `Port ${new URL(emulator.url).port} is in use. Set PORT, or stop what uses it.\n`,
    );
  });
});

describe('Shutting down', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s completes requests in flight, and exits with 0',
    async (signal) => {
      emulator.faults.add({ fault: 'latency-700', operation: 'listToken' });
      const gateway = start({ API_GATEWAY_URL: emulator.url });
      const url = await gateway.listening();
      // Lists that have nothing in common, so each is a call of its own.
      const answers = Array.from({ length: 20 }, (_, index) =>
        query(url, `{ tokens(first: ${index + 1}) { nodes { name } } }`).then((response) => response.json()),
      );
      await calls(20);
      gateway.child.kill(signal);
      for (const answer of await Promise.all(answers))
        expect(answer).toMatchObject({
          data: { tokens: { nodes: expect.arrayContaining([{ name: 'billing-worker' }]) } },
        });
      expect(await gateway.ended).toBe(0);
    },
  );

  it('when idle, with an open connection, takes less than a second', async () => {
    const gateway = start({ EMULATOR: 'true' });
    const url = await gateway.listening();
    await (await query(url, '{ __typename }')).text();
    gateway.child.kill('SIGTERM');
    const { value, ownMs } = await timed(gateway.ended, gateway.child.pid);
    expect(value).toBe(0);
    expect(ownMs).toBeLessThan(1000);
  });

  it.each([
    ['a read', '{ tokens(first: 1) { nodes { name } } }', { code: 'UPSTREAM_TIMEOUT' }],
    [
      'a write',
      'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }',
      { code: 'UPSTREAM_TIMEOUT', mayHaveSucceeded: true },
    ],
  ])(
    'with %s that never ends sends its response before DRAIN_TIMEOUT_MS is over, with exit code 1',
    async (_title, document, extensions) => {
      emulator.faults.add({ fault: 'hang' });
      const gateway = start({ API_GATEWAY_URL: emulator.url, DRAIN_TIMEOUT_MS: '1000' });
      const url = await gateway.listening();
      const answer = query(url, document).then((response) => response.json());
      await calls(1);
      gateway.child.kill('SIGTERM');
      gateway.child.kill('SIGTERM');
      expect(await answer).toMatchObject({ errors: [{ extensions }] });
      expect(await gateway.ended).toBe(1);
    },
  );
});

it('An upstream that is down at the start does not keep the gateway from starting', async () => {
  const gateway = start({ API_GATEWAY_URL: 'http://127.0.0.1:9' });
  const url = await gateway.listening();
  expect((await fetch(new URL('/livez', url))).status).toBe(200);
  expect(await (await fetch(new URL('/readyz', url))).text()).toContain('upstream: unreachable');
});
