import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { post } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { followProcess, type GatewayProcess, MAIN } from '../support/process.ts';
import { openConnection, readToEnd } from '../support/raw.ts';
import { until } from '../support/until.ts';
import { queryAlone } from '../support/workers.ts';

let gateway: GatewayProcess;
let port: number;
let adminPort: number;
beforeEach(async () => {
  port = await freePort();
  adminPort = await freePort();
});
afterEach(() => gateway.kill());

function start(limit: number, env: Record<string, string> = {}): void {
  const child = spawn('sh', ['-c', `ulimit -n ${limit}; exec '${process.execPath}' '${MAIN}'`], {
    env: { PORT: String(port), ADMIN_PORT: String(adminPort), EMULATOR: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  gateway = followProcess(child);
}

const origin = () => `http://127.0.0.1:${port}`;
const metrics = async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
const LIST = { query: '{ tokens(first: 1) { nodes { name } } }' };
const list = () =>
  fetch(`${origin()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo', connection: 'close' },
    body: JSON.stringify(LIST),
  });

describe('A limit of open files that is too low', () => {
  it.each([
    [128, {}],
    [700, {}],
    [1024, { UPSTREAM_CONCURRENCY: '2000' }],
    [300, { WORKERS: '2' }],
  ])('(%d, %j) is rejected with what is needed', async (limit, env) => {
    start(limit, env);
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toMatch(
      new RegExp(
        `^The limit of open files is ${limit} \\(ulimit -n\\), and this configuration needs at least \\d+: .+\\n$`,
      ),
    );
  });
});

describe('The usual limit of open files, 1024', () => {
  it.each(['1', '2'])('is enough for the defaults with WORKERS=%s', async (WORKERS) => {
    start(1024, { WORKERS });
    await gateway.listening();
    expect((await list()).status).toBe(200);
  });
});

describe('Clients that take all connections they can get', () => {
  // 300 files: 130 for clients.
  const env = { UPSTREAM_CONCURRENCY: '8', UPSTREAM_CONCURRENCY_PER_REQUEST: '8' };

  it('and leave them idle make room for others', async () => {
    start(300, env);
    await gateway.listening();
    const crowd = await openMany(origin(), 400);
    for (let count = 0; count < 20; count++) expect((await list()).status).toBe(200);
    await gateway.until(
      /"open":\d+,"evicted":\d+,"late":0,"rejected":0,"msg":"client connections are at their limit/,
    );
    const [, open = '', max = ''] =
      /^tokens_gateway_client_connections (\d+)[\s\S]*^tokens_gateway_client_connections_max (\d+)/m.exec(
        await metrics(),
      ) ?? [];
    expect(Number(open)).toBeLessThanOrEqual(Number(max));
    expect(Number(max)).toBeLessThan(300);
    expect(gateway.output().match(/are at their limit/g)).toHaveLength(1);
    crowd.close();
  });

  it('and send an empty line after each response make room for others', async () => {
    start(300, { ...env, KEEP_ALIVE_TIMEOUT_MS: '600000' });
    await gateway.listening();
    const crowd = await openMany(origin(), 200, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n', '\r\n');
    await until(async () => (await list()).status === 200);
    crowd.close();
  });

  it('and begin a request on each get 503, while the admin listener and IAM are reached', async () => {
    // None of the requests that have begun may end before the crowd is complete.
    const patient = {
      HEADERS_TIMEOUT_MS: '60000',
      REQUEST_TIMEOUT_MS: '60000',
      REQUEST_DEADLINE_MS: '50000',
    };
    start(300, { ...env, ...patient });
    await gateway.listening();
    const mine = await openConnection(origin());
    const body = JSON.stringify({
      query: '{ tokens(first: 30) { nodes { projects(first: 1) { nodes { name } } } } }',
    });
    const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    mine.write(head);
    const crowds: { close(): void }[] = [];
    // A connection whose first bytes were not read yet still makes room for another one.
    while (
      !/^tokens_gateway_client_connections_closed_total\{why="rejected"\} [1-9]/m.test(await metrics())
    ) {
      crowds.push(await openMany(origin(), 100, 'POST /graphql HTTP/1.1\r\nhost: localhost\r\n'));
    }
    let rejected = await readToEnd(await openConnection(origin()));
    // Only so many rejected connections get a response at the same time, and the crowd has just had its own.
    while (rejected.status === undefined) rejected = await readToEnd(await openConnection(origin()));
    expect(rejected.status).toBe(503);
    expect(JSON.parse(rejected.body)).toEqual({
      errors: [
        {
          message: 'The gateway has reached its limit of connections. Try again.',
          extensions: { code: 'OVERLOADED', retryAfter: 1 },
        },
      ],
    });
    expect((await fetch(`http://127.0.0.1:${adminPort}/livez`)).status).toBe(200);
    mine.write(body);
    const answer = await readToEnd(mine);
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain('errors');
    for (const crowd of crowds) crowd.close();
  });

  it('of the admin listener make room there as well', async () => {
    start(300, env);
    await gateway.listening();
    const crowd = await openMany(`http://127.0.0.1:${adminPort}`, 200);
    expect(await metrics()).toContain('tokens_gateway_client_connections 0');
    expect((await list()).status).toBe(200);
    crowd.close();
  });
});

const limitFiles = (files: number) =>
  execFileSync('prlimit', ['--pid', String(gateway.child.pid), `--nofile=${files}:`]);

it('While no file can be opened, the log says which limit to raise, and later calls reach IAM again', async () => {
  start(1024);
  await gateway.until(/listening on/);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const read = () => queryAlone(port, LIST.query, {}, agent);
  await queryAlone(port, '{ __typename }', {}, agent);
  limitFiles(3);
  expect((await read()).body).toContain('UPSTREAM_UNAVAILABLE');
  await gateway.until(
    /"cause":"EMFILE","problem":"too many open files","hint":"raise the limit of open files \(ulimit -n\)"/,
  );
  limitFiles(1024);
  await until(async () => !(await read()).body.includes('errors'));
  agent.destroy();
});

describe('A file of API keys that changes while no file can be opened', () => {
  it('is read as soon as one can, so that a removed key stops working', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'api-keys-'));
    const file = join(folder, 'keys');
    const lineOf = (key: string) => `${key}:read:${createHash('sha256').update(key).digest('hex')}\n`;
    writeFileSync(file, lineOf('removed') + lineOf('kept'));
    const pem = toPem(createKeyPair('ES256').privateKey);
    const pat = { AUTH_MODE: 'pat', TOKEN_ID: 'a', PROJECT_ID: 'a', PRIVATE_KEY: pem };
    const callers = { CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: file };
    start(1024, { ...pat, ...callers, RATE_LIMIT_PER_SECOND: '0' });
    await gateway.listening();
    const codeOf = async (key: string) => {
      const { errors } = await post(`${origin()}/graphql`, LIST, {
        authorization: `Bearer ${key}`,
        connection: 'close',
      });
      return errors?.[0]?.extensions.code;
    };
    expect(await codeOf('removed')).not.toBe('UNAUTHENTICATED');
    limitFiles(3);
    writeFileSync(file, lineOf('kept'));
    await gateway.until(/The file cannot be read \(EMFILE\)/);
    limitFiles(1024);
    await until(async () => (await codeOf('removed')) === 'UNAUTHENTICATED');
    expect(await codeOf('kept')).not.toBe('UNAUTHENTICATED');
    rmSync(folder, { recursive: true });
  });
});

/** Opens connections, one after the other, and sends `text` on each. They stay open until `close`, or until the other side closes them. */
async function openMany(
  origin: string,
  count: number,
  text = '',
  afterResponse = '',
): Promise<{ open(): number; close(): void }> {
  const sockets: Socket[] = [];
  let open = 0;
  for (let index = 0; index < count; index++) {
    try {
      const socket = await openConnection(origin);
      open++;
      socket.on('error', () => undefined).once('close', () => open--);
      socket.resume();
      if (text) socket.write(text);
      if (afterResponse) {
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
        socket.write(afterResponse);
      }
      sockets.push(socket);
    } catch {
      // It was rejected.
    }
  }
  return {
    open: () => open,
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
