import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Gateway, startGateway } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { openConnection, rawRequest, readToEnd } from '../support/raw.ts';
import { together } from '../support/together.ts';
import { until } from '../support/until.ts';

const LIST = '{ tokens(first: 1) { nodes { id } } }';
let gateway: Gateway | undefined;
afterEach(() => gateway?.close());

async function start(env: Record<string, string>): Promise<Gateway> {
  gateway = await startGateway({ env: { ADMIN_PORT: '0', ...env } });
  return gateway;
}
/** Reads take until the plan of faults is cleared. */
const hold = ({ emulator }: Gateway) =>
  emulator.faults.add({ fault: 'latency-90000', operation: 'listToken' });
/** Of a request that reads nothing. */
const statusOf = async ({ query }: Gateway) => (await query('{ __typename }')).status;
const untilInFlight = ({ metrics }: Gateway, count: number) =>
  until(async () => (await metrics()).includes(`tokens_gateway_in_flight ${count}\n`));
const as = (name: string) => ({ authorization: `Bearer ${name}` });

describe('When the gateway is full', () => {
  it('every request gets a response: those above the limit get 503 with the time to wait', async () => {
    const full = await start({ MAX_IN_FLIGHT: '3' });
    hold(full);
    let rejected = 0;
    const requests = Array.from({ length: 10 }, async (_, i) => {
      const answer = await full.query(LIST, {}, as(`caller-${i}`));
      if (answer.status === 503) rejected++;
      return answer;
    });
    await until(() => full.calls().length + rejected === 10);
    full.emulator.faults.clear();
    const answers = await Promise.all(requests);
    const shed = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(shed).toHaveLength(7);
    for (const { headers, errors } of shed) {
      expect(headers.get('retry-after')).toBe('1');
      expect(errors).toMatchObject([{ extensions: { code: 'OVERLOADED', retryAfter: 1 } }]);
    }
    expect(full.calls()).toHaveLength(3);
  });

  it('there is room again when the responses are sent', async () => {
    const full = await start({ MAX_IN_FLIGHT: '1' });
    expect((await full.query(LIST)).status).toBe(200);
    expect((await full.query(LIST)).status).toBe(200);
  });

  it('requests of clients that have left do not count, even if many came on one connection', async () => {
    const full = await start({ MAX_IN_FLIGHT: '3' });
    hold(full);
    const body = JSON.stringify({ query: LIST });
    const headers = [
      'content-type: application/json',
      `content-length: ${body.length}`,
      'authorization: Bearer demo',
    ];
    const request = rawRequest('POST /graphql', headers, body).replace('connection: close\r\n', '');
    const socket = await openConnection(full.origin);
    socket.write(request.repeat(3));
    await until(async () => (await statusOf(full)) === 503);
    socket.resetAndDestroy();
    await until(async () => (await statusOf(full)) === 200);
    full.emulator.faults.clear();
    const answers = await Promise.all([full.query(LIST), full.query(LIST), full.query(LIST)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe('When as many clients as the limit send half of a request', () => {
  it('others are served before those get their 408', async () => {
    const full = await start({ MAX_IN_FLIGHT: '3' });
    const head = ['content-type: application/json', 'content-length: 100'];
    const sockets = await Promise.all(Array.from({ length: 3 }, () => openConnection(full.origin)));
    for (const socket of sockets) socket.write(rawRequest('POST /graphql', head, '{'));
    const answers = sockets.map(readToEnd);
    await untilInFlight(full, 3);
    await setTimeout(1_100);
    await until(async () => (await statusOf(full)) === 200);
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['', '', '']);
    const metrics = await full.metrics();
    expect(metrics).toContain('tokens_gateway_client_connections_closed_total{why="late"} 3\n');
  });

  it('connections of requests that do not count are not closed', async () => {
    const full = await start({ MAX_IN_FLIGHT: '1' });
    hold(full);
    const running = full.query(LIST);
    await untilInFlight(full, 1);
    const socket = await openConnection(full.origin);
    socket.write(rawRequest('POST /nothing', ['content-length: 100'], '{'));
    const answer = readToEnd(socket);
    await setTimeout(1_100);
    expect([await statusOf(full), await statusOf(full)]).toEqual([503, 503]);
    full.emulator.faults.clear();
    expect((await running).status).toBe(200);
    await answer;
  });
});

describe('When operations that need many upstream calls fill the gateway', () => {
  const lists = Array.from({ length: 20 }, (_, at) => `list${at}: tokens(first: 100) { ...List }`);
  /** Predicted as 2020 calls. */
  const MANY = `{ ${lists.join(' ')} } fragment List on TokenConnection { nodes { projects(first: 1) { nodes { id } } } }`;

  it('further ones get 503 before they call IAM, and small ones are served', async () => {
    const full = await start({ MAX_UPSTREAM_CALLS: '3000' });
    hold(full);
    const rejected: Answer[] = [];
    const requests = Array.from({ length: 20 }, async (_, at) => {
      const answer = await full.query(MANY, {}, as(`caller-${at}`));
      if (answer.status === 503) rejected.push(answer);
      return answer.status;
    });
    await until(() => full.calls().length + rejected.length === 20);
    expect(rejected.map(({ errors }) => errors?.[0]?.extensions)).toEqual(
      Array(6).fill({ code: 'OVERLOADED', retryAfter: 1 }),
    );
    expect((await full.query('{ token(id: "x") { id } }')).data).toEqual({ token: null });
    full.emulator.faults.clear();
    expect((await Promise.all(requests)).filter((status) => status === 200)).toHaveLength(14);
    expect((await full.query(MANY)).status).toBe(200);
  });
});

describe('When a client disconnects', () => {
  it('there is room again, for the gateway and for the caller', async () => {
    const full = await start({ MAX_IN_FLIGHT: '1', MAX_IN_FLIGHT_PER_PRINCIPAL: '1' });
    hold(full);
    const gone = new AbortController();
    const request = fetch(full.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
      body: JSON.stringify({ query: LIST }),
      signal: gone.signal,
    });
    await until(() => full.calls().length > 0);
    gone.abort();
    await expect(request).rejects.toThrow();
    // Until the connection has closed on the other side as well.
    await until(async () => (await statusOf(full)) === 200);
  });
});

describe('Callers that are not distinguished', () => {
  it('are not limited as if they were one', async () => {
    const privateKey = toPem(createKeyPair('ES256').privateKey);
    gateway = await startGateway({
      env: {
        AUTH_MODE: 'pat',
        CALLER_AUTH: 'none',
        TOKEN_ENDPOINT: 'http://127.0.0.1:9/oauth2/token',
        TOKEN_ID: 'token-1',
        PROJECT_ID: 'project-1',
        PRIVATE_KEY: privateKey,
        MAX_IN_FLIGHT_PER_PRINCIPAL: '1',
        RATE_LIMIT_PER_SECOND: '1',
        RATE_LIMIT_BURST: '1',
      },
    });
    const { query } = gateway;
    const answers = await Promise.all([1, 2, 3].map(() => query('{ token(id: "not/an/id") { id } }')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe('A caller with too many concurrent requests', () => {
  it('gets an error that says so, and other callers notice nothing', async () => {
    const busy = await start({ MAX_IN_FLIGHT_PER_PRINCIPAL: '2' });
    hold(busy);
    let rejected = 0;
    const ofAlice = Array.from({ length: 5 }, async () => {
      const { status } = await busy.query(LIST, {}, as('alice'));
      if (status === 503) rejected++;
      return { status };
    });
    const ofBob = busy.query(LIST, {}, as('bob'));
    await until(() => rejected === 3 && busy.calls().length === 2);
    busy.emulator.faults.clear();
    const [alice, bob] = [await Promise.all(ofAlice), await ofBob];
    expect(alice.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503, 503]);
    expect(bob.status).toBe(200);
    const again = await Promise.all([1, 2].map(() => busy.query(LIST, {}, as('alice'))));
    expect(again.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('is not limited by 0', async () => {
    const open = await start({ MAX_IN_FLIGHT_PER_PRINCIPAL: '0', MAX_IN_FLIGHT: '0' });
    const answers = await together(
      open,
      Array.from({ length: 20 }, () => () => open.query(LIST)),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });
});
