import { createServer, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { crowdOf } from '../support/crowd.ts';
import {
  createLoadClient,
  type LoadClient,
  type Reply,
  runBurst,
  runLoad,
  tellFigure,
} from '../support/load.ts';
import { codesOf } from '../support/response-rules.ts';
import { createTcpServers } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts';

const ONE = 'query ($id: ID!) { token(id: $id) { id } }';
const LIST = '{ tokens(first: 1) { nodes { id } } }';
/** 50 tokens, and a call for the projects of each. */
/** Pages of another size each, because what one caller reads twice at once is read once. */
const heavy = (index: number) =>
  `{ tokens(first: 50) { nodes { name projects(first: ${1 + (index % 99)}) { nodes { name } } } } }`;

jest.setTimeout(300_000);

const { listen, close } = createTcpServers();
let emulator: Emulator;
let gateway: WatchedGateway;
let client: LoadClient;

/** With `connections` for clients, so that each request of a burst has its own. */
async function start(env: Record<string, string> = {}, connections = 300): Promise<void> {
  emulator = await startEmulator({ seed: { principals: { ...crowdOf(1).principals, ...busySeed } } });
  gateway = await startWatchedGateway({ API_GATEWAY_URL: emulator.url, ...env });
  client = createLoadClient(gateway.url, connections);
}
const busySeed = { busy: { tokens: Array.from({ length: 50 }, () => ({ projects: [{}] })) } };

afterEach(async () => {
  await client.close();
  close();
  expect(await gateway.stop()).toBe(0);
  await emulator.close();
});

describe('A slow IAM API', () => {
  it('of 300 ms and 300 requests at once: all get a response', async () => {
    await start();
    emulator.faults.add({ fault: 'latency-300', operation: 'listToken' });
    const { statuses, lost, maxMs } = await runBurst(300, (index) =>
      client.query({ document: LIST, as: `caller-${index}` }),
    );
    tellFigure(`300 reads at once, IAM takes 300 ms: slowest answer ${maxMs} ms`);
    expect({ statuses, lost }).toEqual({ statuses: { 200: 300 }, lost: [] });
  });

  it('for 100 requests does not slow down the next one', async () => {
    await start({ REQUEST_DEADLINE_MS: '60000', UPSTREAM_READ_TIMEOUT_MS: '60000' });
    emulator.faults.add({ fault: 'latency-90000', principal: 'busy' });
    let ended = 0;
    const slowCodes: string[] = [];
    const slow = runBurst(100, async (index) => {
      const reply = await client.query({ document: ONE, variables: { id: `token-${index}` }, as: 'busy' });
      ended++;
      slowCodes.push(...(codesOf(reply) ?? ['not JSON']));
      return reply;
    });
    await untilCalls(100);
    const codes: string[] = [];
    const { maxMs, statuses } = await runBurst(1, async () => {
      const reply = await client.query({ document: LIST, as: 'caller-0' });
      codes.push(...(codesOf(reply) ?? ['not JSON']));
      return reply;
    });
    tellFigure(`1 fast read beside 100 slow ones: ${maxMs} ms`);
    // It has not waited for any of them.
    expect({ statuses, codes, ended }).toEqual({ statuses: { 200: 1 }, codes: [], ended: 0 });
    emulator.faults.clear();
    expect((await slow).statuses).toEqual({ 200: 100 });
    expect(slowCodes).toEqual([]);
  });
});

describe('An IAM API that is down', () => {
  it('is called at most 150 times for 100 reads', async () => {
    await start();
    emulator.faults.add({ fault: 'status-503', operation: 'listToken' });
    const codes: string[] = [];
    const { lost } = await runBurst(100, async (index) => {
      const reply = await client.query({ document: LIST, as: `caller-${index}` });
      codes.push(...(codesOf(reply) ?? ['not JSON']));
      return reply;
    });
    const calls = emulator.calls.filter(({ operation }) => operation === 'listToken').length;
    tellFigure(`outage, 100 reads: ${calls} upstream calls`);
    expect(lost).toEqual([]);
    expect(codes).toEqual(Array(100).fill('UPSTREAM_UNAVAILABLE'));
    expect(calls).toBeLessThanOrEqual(150);
  });
});

describe('More than the gateway can do', () => {
  it('2000 connections with room for 1000 requests: each gets its response or the time to retry', async () => {
    // IAM answers once the last of them has arrived, however slow the machine is.
    const held: ServerResponse[] = [];
    const port = await listen(createServer((_request, response) => held.push(response)));
    const patient = {
      API_GATEWAY_URL: `http://127.0.0.1:${port}`,
      UPSTREAM_CONCURRENCY: '1000',
      UPSTREAM_READ_TIMEOUT_MS: '120000',
      REQUEST_DEADLINE_MS: '120000',
      HEADERS_TIMEOUT_MS: '120000',
      REQUEST_TIMEOUT_MS: '120000',
    };
    await start({ MAX_IN_FLIGHT: '1000', MAX_IN_FLIGHT_PER_PRINCIPAL: '0', ...patient }, 2000);
    const shed: Reply[] = [];
    const failed: string[] = [];
    let answered = 0;
    const burst = runBurst(2000, async (index) => {
      const asked = client.query({ document: LIST, as: `caller-${index}` });
      const reply = await asked.finally(() => answered++);
      if (reply.status === 200) failed.push(...(codesOf(reply) ?? ['not JSON']));
      else shed.push(reply);
      return reply;
    });
    await until(() => held.length + answered >= 2000);
    for (const response of held) response.end('{"tokens":[]}');
    const { statuses, lost, maxMs } = await burst;
    tellFigure(`2000 connections, room for 1000: ${JSON.stringify(statuses)}, slowest answer ${maxMs} ms`);
    expect({ lost, failed }).toEqual({ lost: [], failed: [] });
    expect(statuses).toEqual({ 200: 1000, 503: 1000 });
    expect(new Set(shed.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['1']));
    expect(new Set(shed.flatMap((reply) => codesOf(reply) ?? ['not JSON']))).toEqual(new Set(['OVERLOADED']));
  });

  it('of one caller does not hold up another: 100 requests for 50 tokens with projects, and a single read', async () => {
    await start();
    const busy = runBurst(100, (index) => client.query({ document: heavy(index), as: 'busy' }));
    await untilCalls(500);
    const { maxMs, p50Ms, statuses } = await runLoad({
      concurrency: 1,
      until: (index) => index >= 10,
      send: () => client.query({ document: LIST, as: 'caller-0' }),
    });
    const { statuses: busyStatuses, seconds } = await busy;
    tellFigure(
      `1 read beside 100 requests of 51 calls each: median ${p50Ms} ms, slowest ${maxMs} ms, of ${seconds.toFixed(1)} s`,
    );
    expect([statuses, busyStatuses]).toEqual([{ 200: 10 }, { 200: 100 }]);
    // A read that has to wait for the others takes about as long as they do, on a slow machine too.
    expect(maxMs).toBeLessThan(Math.max(1500, (seconds * 1000) / 4));
  });
});

describe('A process that was suspended', () => {
  it('for 1.2 s is not ready, and ready again within 5 s', async () => {
    await start();
    const isReady = async () => (await client.send('/readyz', { method: 'GET' })).status === 200;
    expect(await isReady()).toBe(true);
    gateway.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    gateway.child.kill('SIGCONT');
    const awakeAt = performance.now();
    expect(await isReady()).toBe(false);
    while (!(await isReady()) && performance.now() - awakeAt < 10_000)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const calmMs = Math.round(performance.now() - awakeAt);
    tellFigure(`event loop stopped for 1.2 s: not ready at once, ready again after ${calmMs} ms`);
    expect(calmMs).toBeLessThan(5000);
  });
});

describe('An IAM API that closes each connection right after its response', () => {
  it('is no error for any of 500 reads', async () => {
    await start();
    emulator.faults.add({ fault: 'idle-reset', operation: 'listToken' });
    const failed: string[] = [];
    const { statuses } = await runLoad({
      concurrency: 1,
      until: (index) => index >= 500,
      async send() {
        const reply = await client.query({ document: LIST, as: 'caller-0' });
        failed.push(...(codesOf(reply) ?? ['not JSON']));
        return reply;
      },
    });
    tellFigure(
      `500 reads over connections reset when idle: ${failed.length} errors, ${emulator.calls.length} calls`,
    );
    expect(failed).toEqual([]);
    expect(statuses).toEqual({ 200: 500 });
  });
});

function untilCalls(count: number): Promise<true> {
  return until(() => emulator.calls.length >= count);
}

describe('90 bodies of 256 KB with members that the gateway does not read', () => {
  it('take no memory while their operations run', async () => {
    await start();
    const junk = JSON.stringify(Array.from({ length: 80_000 }, () => ({})));
    const before = await gateway.holdings();
    emulator.faults.add({ fault: 'latency-60000', operation: 'listToken' });
    const burst = runBurst(90, (index) =>
      client.send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
        body: `{"query":"{ tokens(first: ${index + 1}) { nodes { id } } }","extensions":{"more":${junk}},"more":1}`,
      }),
    );
    await until(() => emulator.calls.filter(({ path }) => path.endsWith('/tokens')).length >= 90);
    const during = await gateway.holdings();
    emulator.faults.clear();
    expect((await burst).statuses).toEqual({ 200: 90 });
    tellFigure(`90 bodies of 256 KB: ${(during.heapMb - before.heapMb).toFixed(1)} MB while they run`);
    expect(during.heapMb - before.heapMb).toBeLessThan(50);
  });
});
