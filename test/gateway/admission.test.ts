import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Gateway, startGateway } from '../support/gateway.ts';

const READ = '{ tokens(first: 1) { nodes { id } } }';
const SHED = {
  errors: [{ message: expect.any(String), extensions: { code: 'OVERLOADED', retryAfter: 1 } }],
};

let gateway: Gateway;
afterEach(() => gateway.close());

/** A gateway whose upstream takes its time. */
async function startSlow(env: Record<string, string>, latencyMs = 300): Promise<void> {
  gateway = await startGateway({ env });
  gateway.emulator.faults.add({ fault: `latency-${latencyMs}` });
}

const as = (principal: string) => gateway.query(READ, {}, { authorization: `Bearer ${principal}` });
/** So many callers at once, each another. */
const crowd = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => as(`caller-${index}`)));
const countOf = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

async function upstreamIsAsked(calls: number): Promise<void> {
  while (gateway.calls().length < calls) await sleep(5);
}

async function readiness(): Promise<string> {
  const response = await fetch(`${gateway.origin}/readyz`);
  return `${response.status} ${/overloaded: \w+/.exec(await response.text())?.[0]}`;
}

describe('When there are more requests than the process takes', () => {
  it('the rest is answered at once: come again in a second', async () => {
    await startSlow({ MAX_IN_FLIGHT: '2' });
    const taken = crowd(2);
    await upstreamIsAsked(2);
    const { status, headers, text: body } = await as('late');
    expect({ status, retryAfter: headers.get('retry-after'), body: JSON.parse(body) }).toEqual({
      status: 503,
      retryAfter: '1',
      body: SHED,
    });
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(countOf(await taken, 200)).toBe(2);
    expect(gateway.calls()).toHaveLength(2);
  });

  it('and taken again as soon as there is room', async () => {
    await startSlow({ MAX_IN_FLIGHT: '2' }, 20);
    await crowd(10);
    expect(countOf(await crowd(2), 200)).toBe(2);
  });

  it('none is lost of 2000 connections where 1000 are taken, and all connections stay open', async () => {
    await startSlow({ MAX_IN_FLIGHT: '1000', UPSTREAM_CONCURRENCY: '2000', LOG_LEVEL: 'silent' }, 1500);
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 2000 });
    const answers = await Promise.all(
      Array.from({ length: 2000 }, (_, index) => send(agent, `caller-${index}`)),
    );
    const shed = answers.filter(({ status }) => status === 503);
    expect(shed).toHaveLength(1000);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1000);
    expect(new Set(shed.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']));
    expect(JSON.parse(shed[0]?.body ?? '')).toEqual(SHED);
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(2000);
    agent.destroy();
  }, 30_000);

  it('a connection that was refused with its body unread serves the next request', async () => {
    await startSlow({ MAX_IN_FLIGHT: '1' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const taken = as('first');
    await upstreamIsAsked(1);
    expect(await send(agent, 'second', 200_000)).toMatchObject({ status: 503, reused: false });
    await taken;
    expect(await send(agent, 'second')).toMatchObject({ status: 200, reused: true });
    agent.destroy();
  });

  it('a client that goes away makes room', async () => {
    await startSlow({ MAX_IN_FLIGHT: '1', MAX_IN_FLIGHT_PER_PRINCIPAL: '1' }, 200);
    for (let calls = 1; calls <= 10; calls++) {
      const client = new AbortController();
      const leaving = fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
        body: JSON.stringify({ query: READ }),
        signal: client.signal,
      });
      await upstreamIsAsked(calls);
      client.abort();
      await expect(leaving).rejects.toThrow();
      await sleep(20);
    }
    expect((await as('demo')).status).toBe(200);
    expect((await as('demo')).status).toBe(200);
  });

  it('pages of an allowed origin may read the refusal', async () => {
    await startSlow({ MAX_IN_FLIGHT: '1', CORS_ORIGINS: 'https://app.example.com' });
    const taken = as('first');
    await upstreamIsAsked(1);
    const { status, headers } = await gateway.query(READ, {}, { origin: 'https://app.example.com' });
    expect(status).toBe(503);
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    await taken;
  });

  it('health checks are answered', async () => {
    await startSlow({ MAX_IN_FLIGHT: '1' });
    const taken = as('first');
    await upstreamIsAsked(1);
    expect((await fetch(`${gateway.origin}/livez`)).status).toBe(200);
    expect(await readiness()).toBe('200 overloaded: no');
    await taken;
  });

  it('with a maximum of 0 all are taken', async () => {
    await startSlow({ MAX_IN_FLIGHT: '0', MAX_IN_FLIGHT_PER_PRINCIPAL: '0' }, 20);
    const answers = await Promise.all(Array.from({ length: 150 }, () => as('demo')));
    expect(countOf(answers, 200)).toBe(150);
  });
});

describe('When one caller sends more requests than a caller may', () => {
  it('the rest is refused, and other callers notice nothing', async () => {
    await startSlow({ MAX_IN_FLIGHT_PER_PRINCIPAL: '2' });
    // Different documents, so that each has to be answered on its own.
    const taken = [2, 3].map((first) => gateway.query(`{ tokens(first: ${first}) { nodes { id } } }`));
    await upstreamIsAsked(2);
    const { status, headers, errors, text: body } = await as('demo');
    expect({ status, retryAfter: headers.get('retry-after'), body: JSON.parse(body) }).toEqual({
      status: 503,
      retryAfter: '1',
      body: SHED,
    });
    expect(errors?.[0]?.message).toContain('caller');
    expect((await as('other')).status).toBe(200);
    expect(countOf(await Promise.all(taken), 200)).toBe(2);
    expect((await as('demo')).status).toBe(200);
  });

  it('callers are the same however they write their credential', async () => {
    await startSlow({ MAX_IN_FLIGHT_PER_PRINCIPAL: '1' });
    const taken = as('demo');
    await upstreamIsAsked(1);
    expect((await gateway.query(READ, {}, { authorization: 'bearer  demo' })).status).toBe(503);
    expect((await gateway.query(READ, {}, { authorization: 'demo' })).status).toBe(503);
    await taken;
  });

  it('who has no credential is told that, and not counted', async () => {
    await startSlow({ MAX_IN_FLIGHT_PER_PRINCIPAL: '1' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => gateway.query(READ, {}, { authorization: '' })),
    );
    expect(countOf(answers, 401)).toBe(10);
  });

  it('the replica stays ready', async () => {
    await startSlow({ MAX_IN_FLIGHT_PER_PRINCIPAL: '1' });
    const answers = await Promise.all(Array.from({ length: 150 }, () => as('demo')));
    expect(countOf(answers, 503)).toBe(149);
    expect(await readiness()).toBe('200 overloaded: no');
  });
});

describe('A replica says that it is not ready', () => {
  it('when it had to refuse a hundred requests within seconds', async () => {
    await startSlow({ MAX_IN_FLIGHT: '1' });
    expect(countOf(await crowd(100), 503)).toBe(99);
    expect(await readiness()).toBe('200 overloaded: no');
    expect(countOf(await crowd(2), 503)).toBe(1);
    expect(await readiness()).toBe('503 overloaded: yes');
  });

  it('when its event loop was blocked, and is ready again within five seconds', async () => {
    await startSlow({});
    expect(await readiness()).toBe('200 overloaded: no');
    const start = performance.now();
    while (performance.now() - start < 1000);
    expect(await readiness()).toBe('503 overloaded: yes');
    while ((await readiness()).startsWith('503')) await sleep(50);
    expect(performance.now() - start).toBeLessThan(6000);
  }, 10_000);
});

interface Plain {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly body: string;
  readonly reused: boolean;
}

/** A request whose connection one can tell: `fetch` opens others as it likes. */
async function send(agent: Agent, principal: string, padding = 0): Promise<Plain> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${principal}` };
  const outgoing = request(gateway.url, { agent, method: 'POST', headers });
  outgoing.end(JSON.stringify({ query: READ + ' '.repeat(padding) }));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode,
    retryAfter: response.headers['retry-after'],
    body: await text(response),
    reused: outgoing.reusedSocket,
  };
}
