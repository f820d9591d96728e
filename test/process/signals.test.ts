import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { freePort } from '../support/free-port.ts';
import { childrenOf, followProcess, type GatewayProcess, MAIN } from '../support/process.ts';
import { openConnection, rawRequest, readToEnd, sendRaw } from '../support/raw.ts';
import { timed } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';

const listOf = (first: number) => JSON.stringify({ query: `{ tokens(first: ${first}) { nodes { name } } }` });
const LIST = listOf(1);
const HEAD = `POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\ncontent-type: application/json\r\ncontent-length: ${LIST.length}\r\n`;

let emulator: Emulator;
let gateway: GatewayProcess;
let port: number;
let adminPort: number;
beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  port = await freePort();
  adminPort = await freePort();
});
afterEach(async () => {
  try {
    process.kill(-(gateway.child.pid ?? 0), 'SIGKILL');
  } catch {
    // It has ended, and so have its workers.
  }
  await emulator.close();
});

/** In a process group of its own. */
function start(env: Record<string, string> = {}): void {
  const child = spawn(process.execPath, [MAIN], {
    env: { PORT: String(port), ADMIN_PORT: String(adminPort), API_GATEWAY_URL: emulator.url, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  gateway = followProcess(child);
}
async function startAndListen(env: Record<string, string> = {}): Promise<void> {
  start(env);
  await gateway.listening();
}
const origin = () => `http://127.0.0.1:${port}`;
const list = (first = 1) =>
  fetch(`${origin()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
    body: listOf(first),
  });
const calls = (count: number) => until(() => emulator.calls.length >= count);

/** Until the gateway has accepted the connections that were made before, and read what was sent on them. */
const untilRead = (portOfListener = port) =>
  sendRaw(`http://127.0.0.1:${portOfListener}`, rawRequest('GET /livez'));

async function stop(signal: NodeJS.Signals = 'SIGTERM', { pid = gateway.child.pid ?? 0 } = {}) {
  process.kill(pid, signal);
  const { value, ownMs } = await timed(gateway.ended, gateway.child.pid);
  return { code: value, ownMs };
}

describe('When the gateway gets a stop signal', () => {
  it.each([
    ['GraphQL', () => port],
    ['admin', () => adminPort],
  ])(
    'a connection to the %s listener that has sent nothing is closed, and the exit code is 0',
    async (_name, portOf) => {
      await startAndListen();
      const answer = readToEnd(await openConnection(`http://127.0.0.1:${portOf()}`));
      await untilRead(portOf());
      const { code, ownMs } = await stop();
      expect(code).toBe(0);
      expect(ownMs).toBeLessThan(1_000);
      expect(await answer).toMatchObject({ text: '', end: 'closed' });
      expect(gateway.output()).toMatch(/"msg":"drained"\}\n$/);
    },
  );

  it.each(['1', '2'])(
    'half a request to the admin listener does not hold up the end, with WORKERS=%s',
    async (workers) => {
      await startAndListen({ WORKERS: workers });
      const socket = await openConnection(`http://127.0.0.1:${adminPort}`);
      socket.write('GET /metrics HTTP/1.1\r\n');
      const answer = readToEnd(socket);
      await untilRead(adminPort);
      const { code, ownMs } = await stop();
      expect(code).toBe(0);
      expect(ownMs).toBeLessThan(3_000);
      await answer;
    },
  );

  it('incomplete headers may still arrive in time, and the log says that a request is incomplete', async () => {
    await startAndListen({ HEADERS_TIMEOUT_MS: '4000' });
    const startedAt = performance.now();
    const socket = await openConnection(origin());
    socket.write(HEAD);
    const answer = readToEnd(socket);
    await setTimeout(1_000);
    expect((await stop()).code).toBe(0);
    const { status, ownMs } = await answer;
    expect(status).toBe(408);
    // Since they were sent. Slow clients are looked for every half second.
    expect(performance.now() - startedAt).toBeGreaterThan(3_400);
    expect(ownMs).toBeLessThan(4_500);
    expect(gateway.output()).toContain('"requests":0,"incompleteRequests":1,"msg":"still shutting down');
  });

  it('a half-sent body may still arrive in time', async () => {
    await startAndListen({ HEADERS_TIMEOUT_MS: '1000', REQUEST_TIMEOUT_MS: '2000' });
    const socket = await openConnection(origin());
    socket.write(`${HEAD}\r\n${LIST.slice(0, 5)}`);
    await untilRead();
    const answer = readToEnd(socket);
    const { code, ownMs } = await stop();
    expect(code).toBe(0);
    expect(ownMs).toBeLessThan(3_000);
    expect((await answer).status).toBe(408);
  });

  it.each([
    ['head', HEAD, `\r\n${LIST}`],
    ['body', `${HEAD}\r\n${LIST.slice(0, 5)}`, LIST.slice(5)],
  ])('half a %s may be completed, and gets its response', async (_name, first, rest) => {
    await startAndListen();
    const socket = await openConnection(origin());
    socket.write(first);
    await untilRead();
    const answer = readToEnd(socket);
    const stopped = stop();
    await gateway.until(/"msg":"shutting down"/);
    await setTimeout(500);
    socket.write(rest);
    expect((await answer).body).toBe('{"data":{"tokens":{"nodes":[{"name":"billing-worker"}]}}}\n');
    expect((await stopped).code).toBe(0);
  });

  it('requests that arrive while it cannot run get a response, although the time to accept connections is over', async () => {
    await startAndListen({ DRAIN_DELAY_MS: '3000' });
    const kept = await openConnection(origin());
    const answer = readToEnd(kept);
    kept.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await untilRead();
    const stopped = stop();
    await gateway.until(/"msg":"shutting down"/);
    gateway.child.kill('SIGSTOP');
    kept.write(rawRequest('GET /livez'));
    const next = sendRaw(origin(), rawRequest('GET /livez'));
    await setTimeout(3_100);
    gateway.child.kill('SIGCONT');
    expect((await next).status).toBe(200);
    expect((await answer).text.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    expect((await stopped).code).toBe(0);
  });

  it.each([
    ['1', /"msg":"shutting down"/],
    ['2', /("msg":"shutting down"[\s\S]*){2}/],
  ])('ten requests that arrive together all get a response (WORKERS=%s)', async (workers, stopping) => {
    await startAndListen({ DRAIN_DELAY_MS: '3000', WORKERS: workers });
    const group = -(gateway.child.pid ?? 0);
    const stopped = stop();
    await gateway.until(stopping);
    process.kill(group, 'SIGSTOP');
    const answers = Array.from({ length: 10 }, () => sendRaw(origin(), rawRequest('GET /livez')));
    await setTimeout(3_100);
    process.kill(group, 'SIGCONT');
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual(Array(10).fill(200));
    expect((await stopped).code).toBe(0);
  });

  it.each([
    ['half a head', HEAD],
    ['half a body', `${HEAD}\r\n{"query"`],
    ['a body that waits for 100 Continue', `${HEAD}expect: 100-continue\r\n\r\n`],
  ])('%s that is not sent to the end within DRAIN_TIMEOUT_MS does not fail the exit', async (_name, text) => {
    await startAndListen({ DRAIN_TIMEOUT_MS: '1500' });
    const socket = await openConnection(origin());
    socket.write(text);
    await untilRead();
    const { code, ownMs } = await stop();
    expect(code).toBe(0);
    expect(ownMs).toBeLessThan(2_500);
    expect(gateway.output()).not.toContain('"level":"error"');
    socket.destroy();
  });

  it('a write that arrives in the last half second is not sent, since nobody would learn its outcome', async () => {
    await startAndListen({ DRAIN_TIMEOUT_MS: '2000' });
    const body = JSON.stringify({ query: 'mutation { deleteToken(input: { id: "a" }) { deletedTokenId } }' });
    const headers = ['authorization: Bearer demo', 'content-type: application/json'];
    const text = rawRequest('POST /graphql', [...headers, `content-length: ${body.length}`], body);
    const socket = await openConnection(origin());
    socket.write(text.slice(0, -5));
    await untilRead();
    const answer = readToEnd(socket);
    const stopped = stop();
    await gateway.until(/"msg":"incomplete requests did not arrive in time/);
    socket.write(text.slice(-5));
    // On a busy machine the process may have ended.
    const received = (await answer).body;
    expect(received).toMatch(/^$|"code":"UPSTREAM_TIMEOUT"/);
    expect(received).not.toContain('mayHaveSucceeded');
    expect((await stopped).code).toBe(0);
    expect(emulator.calls).toEqual([]);
  });

  it('a large response that its client does not read fails the exit, and the log says that no operation runs', async () => {
    const tokens = Array.from({ length: 40 }, () => ({ name: 'a'.repeat(40_000) }));
    await emulator.close();
    emulator = await startEmulator({ port: 0, seed: { principals: { demo: { tokens } } } });
    await startAndListen({ DRAIN_TIMEOUT_MS: '1500' });
    // More than twenty megabytes.
    const pages = Array.from({ length: 15 }, (_, at) => `a${at}: tokens(first: 40) { nodes { name } }`);
    const body = JSON.stringify({ query: `{ ${pages.join(' ')} }` });
    const socket = await openConnection(origin());
    const headers = ['authorization: Bearer demo', 'content-type: application/json'];
    socket.write(rawRequest('POST /graphql', [...headers, `content-length: ${body.length}`], body));
    await once(socket, 'readable');
    expect((await stop()).code).toBe(1);
    expect(gateway.output()).toMatch(
      /"operations":0,"requests":1,"incompleteRequests":0,"msg":"requests were not finished/,
    );
    socket.destroy();
  });

  it.each(['SIGHUP', 'SIGQUIT', 'SIGINT'] as const)(
    'by %s, requests in flight get their responses',
    async (signal) => {
      emulator.faults.add({ fault: 'latency-700', operation: 'listToken' });
      await startAndListen();
      const answer = list();
      await calls(1);
      const stopped = stop(signal);
      process.kill(gateway.child.pid ?? 0, signal);
      process.kill(gateway.child.pid ?? 0, 'SIGTERM');
      expect((await answer).status).toBe(200);
      expect((await stopped).code).toBe(0);
      expect(gateway.output().match(/"msg":"shutting down"/g)).toHaveLength(1);
    },
  );

  it('before it listens, it ends with 0 as soon as it can', async () => {
    start();
    await setTimeout(300);
    const { code } = await stop();
    // Node.js itself is not up in time on a busy machine.
    expect([0, 'SIGTERM']).toContain(code);
  });
});

describe('Signals that do not stop the gateway', () => {
  it('SIGUSR1 does not open the inspector of Node.js', async () => {
    await startAndListen();
    gateway.child.kill('SIGUSR1');
    await gateway.until(/SIGUSR1 is ignored/);
    expect(gateway.output()).not.toContain('Debugger listening');
    expect((await list()).status).toBe(200);
  });

  it('SIGUSR2 changes the log level to debug, to trace and back', async () => {
    start({ LOG_LEVEL: 'warn' });
    await until(() => list().catch(() => undefined));
    expect(gateway.output()).toBe('');
    gateway.child.kill('SIGUSR2');
    await gateway.until(/"logLevel":"debug"/);
    await list();
    await gateway.until(/"msg":"operation"/);
    await gateway.until(/"msg":"upstream"/);
    await fetch(`${origin()}/nothing`);
    await gateway.until(/"msg":"request rejected"/);
    gateway.child.kill('SIGUSR2');
    await gateway.until(/"logLevel":"trace"/);
    gateway.child.kill('SIGUSR2');
    await gateway.until(/"logLevel":"warn".*\n/);
    const lines = gateway.output();
    await list();
    await setTimeout(300);
    expect(gateway.output()).toBe(lines);
  });

  it('SIGUSR2 to the primary process changes all workers, and to a worker nothing', async () => {
    await startAndListen({ WORKERS: '2' });
    const [, pids = ''] = await gateway.until(/"workers":\[([\d,]+)\]/);
    process.kill(Number(pids.split(',')[0]), 'SIGUSR2');
    await gateway.until(/SIGUSR2 is ignored: send it to process/);
    gateway.child.kill('SIGUSR2');
    await gateway.until(/("logLevel":"debug"[\s\S]*){3}/);
    gateway.child.kill('SIGUSR1');
    await gateway.until(/SIGUSR1 is ignored/);
    expect((await stop()).code).toBe(0);
  });
});

describe('With WORKERS', () => {
  it('SIGUSR2 while the workers start changes their log level when they listen', async () => {
    start({ WORKERS: '2' });
    await until(() => childrenOf(gateway.child).length === 2);
    gateway.child.kill('SIGUSR2');
    await gateway.until(/("logLevel":"debug"[\s\S]*){3}/);
    expect((await list()).status).toBe(200);
    await gateway.until(/"msg":"upstream"/);
  });

  it('SIGUSR2 just after the workers listen changes their log level, although they are still busy', async () => {
    const busy = `const { send } = process;
      if (process.env.TOKENS_GATEWAY_WORKER) process.send = (message, ...others) => {
        const isSent = send.call(process, message, ...others);
        if (message.topic === 'listening') for (const end = Date.now() + 1000; Date.now() < end; );
        return isSent;
      };`;
    start({ WORKERS: '2', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(busy)}` });
    await gateway.listening();
    gateway.child.kill('SIGUSR2');
    await gateway.until(/("logLevel":"debug"[\s\S]*){3}/);
    expect((await list()).status).toBe(200);
    await gateway.until(/"msg":"upstream"/);
    expect(gateway.output()).not.toContain('"logLevel":"info"');
  });

  it('SIGTERM before the last worker listens completes requests in flight, and exits with 0', async () => {
    emulator.faults.add({ fault: 'latency-700', operation: 'listToken' });
    const lastWaits = `import cluster from 'node:cluster';
      if (cluster.worker?.id === 3) await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    start({ WORKERS: '3', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lastWaits)}` });
    await until(() => fetch(`${origin()}/livez`).catch(() => undefined));
    const answer = list();
    await calls(1);
    const stopped = stop();
    expect((await answer).status).toBe(200);
    expect((await stopped).code).toBe(0);
    expect(gateway.output()).not.toContain('"msg":"listening on');
  });

  it('Ctrl-C, which all processes of the terminal get, completes requests in flight', async () => {
    emulator.faults.add({ fault: 'latency-700', operation: 'listToken' });
    await startAndListen({ WORKERS: '2' });
    const answers = [list(1), list(2), list(3)];
    await calls(3);
    const stopped = stop('SIGINT', { pid: -(gateway.child.pid ?? 0) });
    for (const answer of answers) expect((await answer).status).toBe(200);
    expect((await stopped).code).toBe(0);
    expect(gateway.output()).not.toContain('a worker died');
  });

  it('errors of the connections to workers do not end the drain', async () => {
    emulator.faults.add({ fault: 'latency-700', operation: 'listToken' });
    // As when a connection of a client is passed to a worker that has just ended.
    const fail = `import cluster from 'node:cluster';
      process.on('SIGTERM', () => setImmediate(() => {
        for (const { process } of Object.values(cluster.workers ?? {})) process.emit('error', new Error('EPIPE'));
      }));`;
    await startAndListen({
      WORKERS: '2',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fail)}`,
    });
    const answer = list();
    await calls(1);
    const stopped = stop();
    expect((await answer).status).toBe(200);
    expect((await stopped).code).toBe(0);
  });

  it('a worker that does not react is killed after DRAIN_TIMEOUT_MS', async () => {
    await startAndListen({ WORKERS: '2', DRAIN_TIMEOUT_MS: '1000' });
    const [, pids = ''] = await gateway.until(/"workers":\[([\d,]+)\]/);
    process.kill(Number(pids.split(',')[0]), 'SIGSTOP');
    const { code, ownMs } = await stop();
    expect(code).toBe(1);
    expect(ownMs).toBeLessThan(5_000);
    expect(gateway.output()).toContain('workers did not end within DRAIN_TIMEOUT_MS');
  });

  it('a worker that cannot start is named with its exit code or signal', async () => {
    start({
      WORKERS: '2',
      NODE_OPTIONS: '--import=data:text/javascript,if(process.env.TOKENS_GATEWAY_WORKER)process.abort()',
    });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toContain('A worker could not start: it ended with signal SIGABRT.');
  });
});
