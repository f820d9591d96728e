import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { RSA_JWK } from '../support/keys.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { shareEmulator } from '../support/share.ts';
import { timed } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';
import { metricOf, queryAlone, times, untilReady } from '../support/workers.ts';

const LIST = '{ tokens(first: 1) { nodes { name } } }';
const READ = (name: string) => `query ${name}($id: ID!) { token(id: $id) { name } }`;
const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code } } }';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

// None of these tests ends a worker, so one start is enough for all.
const emulator = shareEmulator();
let gateway: GatewayProcess;
let port: number;
let adminPort: number;
let startedAt: number;
let firstWorker: number;
beforeAll(async () => {
  adminPort = await freePort();
  startedAt = Date.now() / 1000;
  gateway = startProcess({
    WORKERS: '2',
    PORT: '0',
    ADMIN_PORT: String(adminPort),
    API_GATEWAY_URL: emulator.url,
    RATE_LIMIT_PER_SECOND: '0',
    // A read that joins one that is held must fail: with a retry it would be right after its timeout.
    UPSTREAM_RETRIES: '0',
  });
  const [, pid] = await gateway.until(/"workers":\[(\d+)/);
  firstWorker = Number(pid);
  port = Number(new URL(await gateway.listening()).port);
});
afterAll(() => gateway?.kill());

const query = (document: string, variables: object = {}) => queryAlone(port, document, variables);
const readMetrics = async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
const countOf = (name: string) => `tokens_gateway_operations_total{operation="${name}",code="OK"}`;
/** A busy worker reports its latest counts a little later. */
const untilCounted = (name: string, count: number) =>
  until(async () => metricOf(await readMetrics(), countOf(name)) === count);

describe('Several workers', () => {
  it('create one token for an idempotency key, even if both get it', async () => {
    const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
    const input = { name: 'worker', authenticationMethod, idempotencyKey: 'one' };
    const answers = await times(10, () => query(CREATE, { input }));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(answers[0]?.body).toContain('"userErrors":[]');
    expect(emulator.calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it.each([
    ['the same operation', READ],
    ['another operation', (name: string) => READ(`${name}Again`)],
  ])('share no read (%s) that began before a write with a request that comes after it', async (_, after) => {
    const { id = '', name = '' } = emulator.tokensOf('demo')[0] ?? {};
    // Read at once, answered late: by either worker while the write runs.
    emulator.faults.add({ fault: 'after-latency-90000', operation: 'getToken', times: 2 });
    const before = [query(READ('One'), { id }), query(READ('Two'), { id })];
    await until(() => emulator.calls.length >= 2);
    const rename =
      'mutation ($id: ID!, $name: String!) { updateToken(input: { id: $id, name: $name }) { token { name } } }';
    expect((await query(rename, { id, name: `${name}-renamed` })).body).toContain('renamed');
    const answers = await Promise.all(['One', 'Two', 'One', 'Two'].map((each) => query(after(each), { id })));
    for (const { body } of answers) expect(body).toContain(`"name":"${name}-renamed"`);
    emulator.faults.clear();
    for (const { body } of await Promise.all(before)) expect(body).toContain(`"name":"${name}"`);
  });

  it('have one admin listener, with the figures of all, also on a port that the system has chosen', async () => {
    await times(6, () => query(`query Counted ${LIST}`));
    await untilCounted('Counted', 6);
    expect(await untilReady(adminPort)).toBe(
      `ready: yes\nupstream: ok\ndraining: no\noverloaded: no\nversion: ${version}\n`,
    );
  });

  it('are ready while one of them is', async () => {
    process.kill(firstWorker, 'SIGSTOP');
    try {
      await times(4, () => untilReady(adminPort));
    } finally {
      process.kill(firstWorker, 'SIGCONT');
    }
  });
});

describe('The metrics of several workers', () => {
  it('are returned within a second while a worker hangs, with its last counts', async () => {
    await times(10, () => query(`query BeforeHanging ${LIST}`));
    await untilCounted('BeforeHanging', 10);
    process.kill(firstWorker, 'SIGSTOP');
    const { value, ownMs } = await timed(readMetrics(), gateway.child.pid);
    process.kill(firstWorker, 'SIGCONT');
    expect(ownMs).toBeLessThan(1_000);
    expect(metricOf(value, countOf('BeforeHanging'))).toBe(10);
  });

  it('have the event loop lag since the last scrape', async () => {
    await readMetrics();
    // A worker that goes on may respond to the scrape before its timer has measured the lag.
    await until(async () => {
      process.kill(firstWorker, 'SIGSTOP');
      await setTimeout(600);
      process.kill(firstWorker, 'SIGCONT');
      return metricOf(await readMetrics(), 'nodejs_eventloop_lag_max_seconds') > 0.4;
    });
  });

  it('name the build once, and when the primary process started', async () => {
    const text = await readMetrics();
    expect(text.match(/^tokens_gateway_build_info\{.*\} 1$/gm)).toEqual([
      expect.stringMatching(`{version="${version}",revision="[^"]+",node="${process.versions.node}"}`),
    ]);
    expect(metricOf(text, 'tokens_gateway_worker_restarts_total')).toBe(0);
    const started = metricOf(text, 'process_start_time_seconds');
    expect(Math.abs(started - startedAt)).toBeLessThan(30);
    const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(types).size).toBe(types.length);
    expect(text).not.toMatch(/ (null|undefined)$/m);
  });

  // The last one, since no further name is counted after it.
  it('have 100 operation names together, and count further ones as other', async () => {
    for (let at = 0; at < 120; at++) await query(`query Name${at} ${LIST}`);
    await query(LIST);
    for (let at = 120; at < 130; at++) await query(`query Name${at} ${LIST}`);
    const countsIn = (metrics: string) =>
      [...metrics.matchAll(/^tokens_gateway_operations_total\{operation="(\w+)",code="OK"\} (\d+)$/gm)].map(
        ([, name = '', count]) => [name, Number(count)] as const,
      );
    const sentIn = (metrics: string) =>
      countsIn(metrics).reduce((sum, [name, count]) => (/^(Name|other)/.test(name) ? sum + count : sum), 0);
    // A busy worker reports its latest counts a little later.
    const metrics = await until(async () => {
      const text = await readMetrics();
      return sentIn(text) >= 130 && text;
    });
    expect(sentIn(metrics)).toBe(130);
    const { other, anonymous, ...named } = Object.fromEntries(countsIn(metrics));
    expect(Object.keys(named)).toHaveLength(100);
    expect(anonymous).toBeGreaterThan(0);
    const count = 'tokens_gateway_operation_duration_seconds_count{operation="other"}';
    expect(metricOf(metrics, count)).toBe(other);
  });
});
