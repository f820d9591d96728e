import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { type Churn, createChurn } from '../support/churn.ts';
import { crowdOf } from '../support/crowd.ts';
import { createLoadClient, type LoadClient, runBurst, runLoad, tellFigure } from '../support/load.ts';
import { createRandom, type Random, readSeed } from '../support/random.ts';
import { type Holdings, startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts';

const CALLERS = 200;
const SOAK_MS = 30_000;
const WARM_MS = 10_000;
const ROUND_MS = 4_000;

jest.setTimeout(300_000);

let emulator: Emulator;
let gateway: WatchedGateway;
let client: LoadClient;
let random: Random;
let churn: Churn;

beforeEach(async () => {
  random = createRandom(readSeed('SOAK_SEED'));
  emulator = await startEmulator({ seed: crowdOf(CALLERS) });
  gateway = await startWatchedGateway({
    API_GATEWAY_URL: emulator.url,
    MAX_IN_FLIGHT: '50',
    UPSTREAM_IDLE_SOCKET_MS: '500',
  });
  client = createLoadClient(gateway.url, 50);
  churn = createChurn(client, random, CALLERS);
});
afterEach(async () => {
  await client.close();
  expect(await gateway.stop()).toBe(0);
  await emulator.close();
});

/** 50 connections that never rest, for so long. */
function runChurn(durationMs: number) {
  const endsAt = performance.now() + durationMs;
  return runLoad({ concurrency: 50, until: () => performance.now() > endsAt, send: churn.step });
}

/** Once all clients have hung up, and the kept connections to the upstream have ended. */
async function rest(): Promise<Holdings> {
  await client.close();
  const held = await gateway.calm(({ sockets }) => sockets === 0);
  client = createLoadClient(gateway.url, 50);
  churn = createChurn(client, random, CALLERS);
  return held;
}

describe('Half a minute of 200 callers over 50 connections', () => {
  it('loses no request, mixes up no two callers, and needs no more memory than after ten seconds', async () => {
    const soak = runChurn(SOAK_MS);
    await new Promise((resolve) => setTimeout(resolve, WARM_MS));
    const warmResident = gateway.rssMb();
    const warm = await gateway.holdings();
    const { total, lost, seconds, p50Ms, p99Ms, maxMs } = await soak;
    const lastResident = gateway.rssMb();
    const last = await gateway.holdings();
    tellFigure(
      `30 s over 50 connections: ${total} requests, ${Math.round(total / seconds)} a second, ${lost.length} lost, ${churn.wrong.length} wrong, p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms`,
    );
    tellFigure(
      `after 10 s and after 30 s: heap without garbage ${warm.heapMb.toFixed(1)} and ${last.heapMb.toFixed(1)} MB, resident ${warmResident.toFixed(0)} and ${lastResident.toFixed(0)} MB`,
    );
    expect(lost).toEqual([]);
    expect(churn.wrong).toEqual([]);
    // How much room V8 takes for garbage depends on how busy the machine is; what it cannot collect does not.
    expect(last.heapMb / warm.heapMb).toBeLessThan(1.15);
    expect(lastResident).toBeLessThan(300);
  });
});

describe('Five rounds of load and rest', () => {
  it('leave nothing behind: no memory, no connection, no timer, no listener', async () => {
    const start = await rest();
    const rounds: Holdings[] = [];
    for (let round = 1; round <= 5; round++) {
      const { lost } = await runChurn(ROUND_MS);
      expect({ lost, wrong: churn.wrong }).toEqual({ lost: [], wrong: [] });
      rounds.push(await rest());
    }
    tellFigure(
      `at rest: heap ${rounds.map(({ heapMb }) => heapMb.toFixed(1)).join(', ')} MB, resident ${rounds.map(({ rssMb }) => rssMb.toFixed(0)).join(', ')} MB`,
    );
    const [, second, , , fifth] = rounds as [Holdings, Holdings, Holdings, Holdings, Holdings];
    // Code that becomes hot is compiled, round by round a little more. A leak of one object a request would be many times that.
    expect(fifth.heapMb - second.heapMb).toBeLessThan(2);
    expect(fifth.rssMb / second.rssMb).toBeLessThan(1.4);
    expect(fifth.listeners).toBe(start.listeners);
    expect(fifth.resources).toEqual(start.resources);
  });
});

describe('5000 requests whose clients hang up', () => {
  it('leave nothing under way, neither here nor upstream', async () => {
    emulator.faults.add({ fault: 'latency-50', operation: 'listToken' });
    await runChurn(ROUND_MS);
    const before = await rest();
    const { statuses } = await runLoad({
      concurrency: 40,
      until: (index) => index >= 5_000,
      send: async (index) => ({ status: await hangUp(index), headers: {}, text: '' }),
    });
    const held = await rest();
    tellFigure(
      `5000 requests given up at random moments: ${statuses[0]} without an answer, ${held.sockets} connections left, heap ${before.heapMb.toFixed(1)} MB before and ${held.heapMb.toFixed(1)} MB after, resident memory ${before.rssMb.toFixed(0)} MB and ${held.rssMb.toFixed(0)} MB`,
    );
    expect(statuses[0]).toBeGreaterThan(2500);
    // An object of each request would be some MB. What V8 and malloc keep resident differs from run to run.
    expect(held.heapMb - before.heapMb).toBeLessThan(2);
    expect(held.rssMb / before.rssMb).toBeLessThan(1.4);
    // As many at once as MAX_IN_FLIGHT lets in: so none of the 5000 still has its place.
    const { statuses: full } = await runBurst(50, () =>
      client.query({ as: 'caller-0', document: '{ tokens { nodes { name } } }' }),
    );
    expect(full).toEqual({ 200: 50 });
  });
});

/**
 * Sends a request and hangs up after 0 to 80 ms: while it is sent (one in ten is never complete), while the gateway
 * waits for its upstream (one in ten for ever), or while it answers. Resolves to the answer's status, 0 for none.
 */
function hangUp(index: number): Promise<number> {
  const waitsForEver = index % 10 === 1;
  const body = JSON.stringify({
    query: waitsForEver
      ? '{ token(id: "fault-hang") { name } }'
      : '{ tokens(first: 2) { nodes { name projects(first: 1) { nodes { name } } } } }',
  });
  const waitMs = random.integer(80);
  return new Promise((resolve) => {
    const sent = request(gateway.url, {
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        authorization: `Bearer caller-${index % CALLERS}`,
      },
    });
    let status = 0;
    sent.on('response', (response) => {
      status = response.statusCode ?? 0;
      response.resume();
    });
    sent.on('error', () => undefined);
    sent.on('close', () => resolve(status));
    if (index % 10 === 0) sent.write(body.slice(0, body.length / 2));
    else sent.end(body);
    setTimeout(() => sent.destroy(), waitMs);
  });
}
