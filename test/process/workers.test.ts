import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { freePort } from '../support/free-port.ts';
import { RSA_JWK } from '../support/keys.ts';
import { followProcess, type GatewayProcess, MAIN, startProcess } from '../support/process.ts';
import { openConnection, rawRequest, readToEnd } from '../support/raw.ts';
import { timed } from '../support/stopwatch.ts';
import { until, within } from '../support/until.ts';
import { metricOf, queryAlone, times } from '../support/workers.ts';

const LIST = '{ tokens(first: 1) { nodes { name } } }';
/** Reads that have nothing in common, so each is a call of its own. */
const listOf = (first: number) => `{ tokens(first: ${first}) { nodes { name } } }`;
const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code } } }';

const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };

let emulator: Emulator;
let gateway: GatewayProcess;
let port: number;
beforeEach(async () => {
  emulator = await startEmulator({ port: 0 });
  port = await freePort();
});
afterEach(async () => {
  await gateway.kill();
  await emulator.close();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  const settings = { WORKERS: '2', PORT: String(port), RATE_LIMIT_PER_SECOND: '0', ...env };
  gateway = startProcess(env.EMULATOR ? settings : { API_GATEWAY_URL: emulator.url, ...settings });
  await gateway.listening();
}

const query = (document: string, variables: object = {}, agent: Agent | false = false) =>
  queryAlone(port, document, variables, agent);
const calls = (count: number) => until(() => emulator.calls.length >= count);
const pidsOfOperations = () =>
  new Set([...gateway.output().matchAll(/"pid":(\d+).*"msg":"operation"/g)].map(([, pid]) => Number(pid)));

describe('Several workers', () => {
  it('share the port and one emulator, and print the first steps once', async () => {
    await start({ EMULATOR: 'true' });
    const bodies = (await times(8, () => query(LIST))).map(({ body }) => body);
    expect(new Set(bodies)).toEqual(new Set(['{"data":{"tokens":{"nodes":[{"name":"billing-worker"}]}}}\n']));
    await gateway.until(/Ready: open/);
    await gateway.until(/("msg":"operation"[\s\S]*){8}/);
    expect(gateway.output().match(/Ready: open/g)).toHaveLength(1);
    expect(pidsOfOperations().size).toBe(2);
  });

  it('have one rate limit together', async () => {
    await start({ RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '5' });
    const startedAt = performance.now();
    const statuses = (await times(12, () => query(LIST))).map(({ status }) => status);
    // A busy machine takes its time, and each second brings one more.
    const refilled = Math.ceil((performance.now() - startedAt) / 1000);
    const served = statuses.filter((status) => status === 200).length;
    await gateway.until(/("msg":"operation"[\s\S]*){12}/);
    // While a busy primary process does not reply, each worker has the limit by itself.
    const limits = gateway.output().includes('the primary process does not reply') ? 3 : 1;
    expect(served).toBeGreaterThanOrEqual(5);
    expect(served).toBeLessThanOrEqual(5 * limits + refilled);
    expect(statuses.filter((status) => status === 429)).toHaveLength(12 - served);
  });
});

describe('The metrics of several workers', () => {
  let read: () => Promise<{ status: number; text: string; ownMs: number }>;
  /** A busy worker reports its latest counts a little later. */
  const untilCounted = (count: number) =>
    until(async () => {
      const { text } = await read();
      return metricOf(text, COUNTED) >= count && text;
    });
  const COUNTED = 'tokens_gateway_operations_total{operation="Counted",code="OK"}';
  let pids: number[];

  beforeEach(async () => {
    const adminPort = await freePort();
    await start({ ADMIN_PORT: String(adminPort) });
    const [, list = ''] = await gateway.until(/"workers":\[([\d,]+)\]/);
    pids = list.split(',').map(Number);
    read = async () => {
      const { value, ownMs } = await timed(
        fetch(`http://127.0.0.1:${adminPort}/metrics`).then(async (response) => ({
          status: response.status,
          text: await response.text(),
        })),
        gateway.child.pid,
      );
      return { ...value, ownMs };
    };
  });

  it('keep the counts of workers that were killed, and count their restarts', async () => {
    await times(20, () => query(`query Counted ${LIST}`));
    expect(metricOf(await untilCounted(20), COUNTED)).toBe(20);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await gateway.until(/(the new worker is listening[\s\S]*){2}/);
    await times(3, () => query(`query Counted ${LIST}`));
    const text = await untilCounted(23);
    expect(metricOf(text, COUNTED)).toBe(23);
    expect(metricOf(text, 'tokens_gateway_worker_restarts_total')).toBe(2);
    const count = 'tokens_gateway_operation_duration_seconds_count{operation="Counted"}';
    expect(metricOf(text, count)).toBe(23);
  });

  it('never fall, and are returned within a second, while workers die and start', async () => {
    await times(10, () => query(`query Counted ${LIST}`));
    let last = metricOf(await untilCounted(10), COUNTED);
    expect(last).toBe(10);
    for (let round = 0; round < 12; round++) {
      const [pid] = round % 4 === 0 ? pids.splice(0, 1) : [];
      if (pid) process.kill(pid, 'SIGKILL');
      const { status, text, ownMs } = await read();
      expect(status).toBe(200);
      expect(ownMs).toBeLessThan(1_000);
      expect(metricOf(text, COUNTED)).toBeGreaterThanOrEqual(last);
      last = metricOf(text, COUNTED);
    }
  });
});

describe('While the primary process is suspended', () => {
  const DEADLINE_MS = 3000;
  // The primary takes no new connections meanwhile.
  let agent: Agent;
  beforeEach(async () => {
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await start({ REQUEST_DEADLINE_MS: String(DEADLINE_MS), RATE_LIMIT_PER_SECOND: '50' });
    await ask(LIST);
  });
  afterEach(() => {
    gateway.child.kill('SIGCONT');
    agent.destroy();
  });
  const ask = async (document: string, variables: object = {}) => {
    const { value, ownMs } = await timed(query(document, variables, agent));
    return { status: value.status, ownMs, ...JSON.parse(value.body) };
  };
  /** As a client does that gets an error to retry. */
  const askUntilServed = () =>
    until(async () => {
      const answer = await ask(CREATE, { input });
      return answer.errors?.[0]?.extensions.code !== 'OVERLOADED' && answer;
    });
  const input = { name: 'worker', authenticationMethod, idempotencyKey: 'suspended' };

  it('workers limit by themselves, and reject creates with a key for now', async () => {
    gateway.child.kill('SIGSTOP');
    const list = await ask(LIST);
    expect([list.status, list.errors]).toEqual([200, undefined]);
    expect(list.ownMs).toBeLessThan(DEADLINE_MS);
    const rejected = await ask(CREATE, { input });
    expect(rejected.errors[0].extensions).toEqual({ code: 'OVERLOADED', retryAfter: 1 });
    expect(rejected.ownMs).toBeLessThan(DEADLINE_MS);
    expect(emulator.calls.filter(({ method }) => method === 'POST')).toEqual([]);
    gateway.child.kill('SIGCONT');
    const made = await askUntilServed();
    expect(made.data.createToken.userErrors).toEqual([]);
  });

  it('a running create gets a response within its deadline, and a repeat gets its token', async () => {
    emulator.faults.add({ fault: 'latency-90000', operation: 'createToken', times: 1 });
    const first = ask(CREATE, { input });
    await until(() => emulator.calls.some(({ method }) => method === 'POST'));
    gateway.child.kill('SIGSTOP');
    emulator.faults.clear();
    const { ownMs, errors } = await first;
    expect(ownMs).toBeLessThan(DEADLINE_MS + 500);
    expect(errors[0].extensions).toMatchObject({ code: 'OVERLOADED', mayHaveSucceeded: true });
    gateway.child.kill('SIGCONT');
    const again = await askUntilServed();
    expect(emulator.tokensOf('demo').filter(({ name }) => name === 'worker')).toEqual([
      expect.objectContaining({ id: again.data.createToken.token.id }),
    ]);
  });
});

describe('A worker that dies', () => {
  it('is replaced, and its idempotency keys stay valid', async () => {
    await start();
    const input = { name: 'worker', authenticationMethod, idempotencyKey: 'kept' };
    const first = await query(CREATE, { input });
    const [, pids = ''] = await gateway.until(/"workers":\[([\d,]+)\]/);
    for (const pid of pids.split(',')) process.kill(Number(pid), 'SIGKILL');
    await gateway.until(/(a worker died[\s\S]*){2}/);
    await gateway.until(/(the new worker is listening[\s\S]*){2}/);
    expect((await query(CREATE, { input })).body).toBe(first.body);
    expect(emulator.calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('ends the connection that it was given and had not taken yet', async () => {
    await start();
    const [, pid = ''] = await gateway.until(/"workers":\[(\d+)/);
    process.kill(Number(pid), 'SIGSTOP');
    let answered = 0;
    const ends = Array.from({ length: 4 }, () =>
      query(LIST).then(
        ({ status }) => {
          answered++;
          return status;
        },
        ({ code }) => code,
      ),
    );
    await until(() => answered === 3);
    process.kill(Number(pid), 'SIGKILL');
    const statuses = await within(Promise.all(ends), () => 'each client learns the end of its request');
    expect(statuses.filter((status) => status !== 200)).toEqual(['ECONNRESET']);
  });

  it('takes no connection with it that it has left to the other worker', async () => {
    const adminPort = await freePort();
    await start({ DRAIN_DELAY_MS: '0', ADMIN_PORT: String(adminPort) });
    const [, first, second] = await gateway.until(/"workers":\[(\d+),(\d+)/);
    const origin = `http://127.0.0.1:${port}`;
    // Each worker has one, which lets its drain wait.
    const unfinished = await times(2, () => openConnection(origin));
    for (const socket of unfinished) socket.write('GET /livez HTTP/1.1\r\n');
    await query(LIST);
    gateway.child.kill('SIGSTOP');
    const sockets = await times(4, () => openConnection(origin));
    const answers = sockets.map(readToEnd);
    for (const socket of sockets) socket.write(rawRequest('GET /livez'));
    process.kill(Number(first), 'SIGTERM');
    await gateway.until(/waiting for requests/);
    process.kill(Number(second), 'SIGSTOP');
    gateway.child.kill('SIGCONT');
    // Only the first can reply, after it has rejected the connection that it was given.
    expect((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status).toBe(503);
    for (const socket of unfinished) socket.destroy();
    await gateway.until(/a worker died/);
    process.kill(Number(second), 'SIGCONT');
    const all = await within(Promise.all(answers), () => 'each client gets its response');
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('is replaced, also while the others still start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'workers-'));
    const go = join(folder, 'go');
    // The second worker starts until it may go on, and each tells its process id.
    const slowStart = `import cluster from 'node:cluster';
      import { existsSync, writeFileSync } from 'node:fs';
      const id = cluster.worker?.id;
      if (id) writeFileSync(${JSON.stringify(join(folder, 'pid-'))} + id, String(process.pid));
      while (id === 2 && !existsSync(${JSON.stringify(go)})) await new Promise((go) => setTimeout(go, 10));`;
    gateway = startProcess({
      WORKERS: '2',
      PORT: String(port),
      API_GATEWAY_URL: emulator.url,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(slowStart)}`,
    });
    await until(() => fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined));
    const pidOf = (worker: number) => Number(readFileSync(join(folder, `pid-${worker}`), 'utf8'));
    process.kill(pidOf(1), 'SIGKILL');
    await gateway.until(/a worker died[\s\S]*the new worker is listening/);
    writeFileSync(go, '');
    const [, pids = ''] = await gateway.until(/"workers":\[([\d,]+)\]/);
    expect(pids.split(',').map(Number)).toEqual([pidOf(2), pidOf(3)]);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['has been removed', () => undefined],
    // The system starts no file that is open for writing.
    ['is being written', (node: string) => openSync(node, 'w', 0o755)],
  ])(
    'is replaced later, after longer and longer pauses, if the program file of Node.js %s',
    async (_, replaceProgram) => {
      const folder = mkdtempSync(join(tmpdir(), 'workers-'));
      const node = join(folder, 'node');
      const kept = join(folder, 'kept');
      copyFileSync(process.execPath, node);
      const adminPort = String(await freePort());
      const env = { WORKERS: '2', PORT: String(port), ADMIN_PORT: adminPort, API_GATEWAY_URL: emulator.url };
      gateway = followProcess(spawn(node, [MAIN], { env }));
      const [, pid] = await gateway.until(/"workers":\[(\d+)/);
      const killWithoutProgram = (worker: number) => {
        renameSync(node, kept);
        replaceProgram(node);
        process.kill(worker, 'SIGKILL');
      };
      killWithoutProgram(Number(pid));
      await gateway.until(/(could not be started[\s\S]*){3}/);
      const deaths = () => gateway.output().match(/.*a worker died.*/g) ?? [];
      const [, first = 0, second = 0, third = 0] = deaths().map((line) => Date.parse(JSON.parse(line).time));
      // Half a second, and then a second, or twice that if the first worker had been young. Timers are late, never early.
      expect(second - first).toBeGreaterThan(480);
      expect(third - second).toBeGreaterThan(980);
      await until(async () => {
        const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
        return metricOf(metrics, 'tokens_gateway_worker_restarts_total') === deaths().length;
      });
      expect((await query(LIST)).status).toBe(200);
      renameSync(kept, node);
      const [, next] = await gateway.until(/"workerPid":(\d+),"msg":"the new worker is listening"/);
      killWithoutProgram(Number(next));
      await gateway.until(/listening"[\s\S]*could not be started/);
      gateway.child.kill('SIGTERM');
      expect(await within(gateway.ended, () => 'the process ends')).toBe(0);
      rmSync(folder, { recursive: true });
    },
  );
});

describe('On SIGTERM', () => {
  it('all workers complete their requests, and the process exits with 0', async () => {
    await start();
    emulator.faults.add({ fault: 'latency-500', operation: 'listToken' });
    const answers = times(10, (index) => query(listOf(index + 1)));
    await calls(10);
    gateway.child.kill('SIGTERM');
    expect((await answers).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await gateway.ended).toBe(0);
    expect(pidsOfOperations().size).toBe(2);
  });
});

describe('Workers that cannot start', () => {
  it('report the reason once, and the process exits with 1', async () => {
    gateway = startProcess({
      WORKERS: '2',
      PORT: new URL(emulator.url).port,
      API_GATEWAY_URL: emulator.url,
    });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toBe(
      `Port ${new URL(emulator.url).port} is in use. Set PORT, or stop what uses it.\n`,
    );
  });

  it('because the system starts no process are reported in one line, and the process exits with 1', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'workers-'));
    const node = join(folder, 'node');
    copyFileSync(process.execPath, node);
    // The system starts no file that is open for writing.
    const replaceProgram = `import { openSync, renameSync } from 'node:fs';
      renameSync(process.execPath, ${JSON.stringify(join(folder, 'kept'))});
      openSync(process.execPath, 'w', 0o755);`;
    const args = [`--import=data:text/javascript,${encodeURIComponent(replaceProgram)}`, MAIN];
    const env = { WORKERS: '2', PORT: String(port), API_GATEWAY_URL: emulator.url };
    gateway = followProcess(spawn(node, args, { env }));
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toBe('The process of a worker could not be started (ETXTBSY).\n');
    rmSync(folder, { recursive: true });
  });

  it('of another program say how to start them', async () => {
    // As Node.js marks a worker.
    gateway = startProcess({ NODE_UNIQUE_ID: '1', EMULATOR: 'true' });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output()).toMatch(/^This process is a worker of another program, .+ set WORKERS\.\n$/);
  });
});
