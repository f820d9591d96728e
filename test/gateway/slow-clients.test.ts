import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Gateway, shareGateway, startGateway } from '../support/gateway.ts';
import { openConnection, type RawAnswer, rawRequest, readToEnd } from '../support/raw.ts';
import { together } from '../support/together.ts';
import { until } from '../support/until.ts';

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
/** Machines are busy. */
const SLACK_MS = 1_000;
/** Node.js 24 keeps a connection a second longer than it says, so that no request is lost on its way. */
const KEPT_LONGER_MS = 1_000;

const requestFor = (query: string) => {
  const body = JSON.stringify({ query });
  return `${HEAD}authorization: Bearer demo\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};
const LIST = requestFor('{ tokens(first: 1) { nodes { id } } }');
const LIVEZ = 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n';

const gateway = shareGateway({
  env: { HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '600', KEEP_ALIVE_TIMEOUT_MS: '400' },
});

/** With time for a busy machine to read a request, for tests of something else. */
const patient = shareGateway({ emulatorOf: gateway, env: { KEEP_ALIVE_TIMEOUT_MS: '400' } });

function expectTimeout({ status, headers, body, end }: Awaited<ReturnType<typeof readToEnd>>): void {
  expect([status, end, JSON.parse(body)]).toEqual([
    408,
    'closed',
    {
      errors: [{ message: 'The request did not arrive in time.', extensions: { code: 'BAD_REQUEST' } }],
    },
  ]);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('connection')).toBe('close');
}

describe('A client gets 408 and is disconnected', () => {
  it('when its headers come byte by byte, after HEADERS_TIMEOUT_MS', async () => {
    const answer = await dribble(gateway.origin, `${HEAD}x-a: `, { rest: 'a', everyMs: 50 });
    expectTimeout(answer);
    expect(answer.ownMs).toBeLessThan(300 + SLACK_MS);
  });

  it('when its body comes byte by byte, after REQUEST_TIMEOUT_MS', async () => {
    const start = `${HEAD}content-length: 1000\r\n\r\n`;
    const answer = await dribble(gateway.origin, start, { rest: ' ', everyMs: 50 });
    expectTimeout(answer);
    expect(answer.ms).toBeGreaterThan(300);
    expect(answer.ownMs).toBeLessThan(600 + SLACK_MS);
  });

  it('when its body comes in chunks of a byte', async () => {
    const start = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
    expectTimeout(await dribble(gateway.origin, start, { rest: '1\r\n \r\n', everyMs: 20 }));
  });

  it('when the first part of its second request came with its first, and the rest does not come', async () => {
    const socket = await openConnection(gateway.origin);
    socket.write(`${rawRequest('GET /livez').replace('connection: close\r\n', '')}GET /`);
    const { text } = await readToEnd(socket);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 408']);
  });

  it('when the rest of its second request does not come', async () => {
    const first = rawRequest('GET /livez').replace('connection: close\r\n', '');
    const { text } = await dribble(gateway.origin, `${first}GET /`, { rest: 'a', everyMs: 50 });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 408']);
  });
});

it('A client that sends nothing is disconnected after HEADERS_TIMEOUT_MS, and has made no request', async () => {
  const { text, end, ownMs } = await readToEnd(await openConnection(gateway.origin));
  expect([text, end]).toEqual(['', 'closed']);
  expect(ownMs).toBeLessThan(300 + SLACK_MS);
});

describe('A request that got 408', () => {
  const late = requestFor('{ token(id: "late") { id } }');
  beforeEach(() => gateway.forgetCalls());

  it('is not carried out when the rest of it comes after all', async () => {
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    socket.once('data', () => socket.write(late.slice(-1)));
    socket.write(late.slice(0, -1));
    const { text } = await answer;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 408']);
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    ['head', late.slice(0, 20)],
    ['body', late.slice(0, -1)],
  ])('is not carried out while a request before it is running (late %s)', async (_title, start) => {
    gateway.emulator.faults.add({ fault: 'latency-2000', operation: 'listToken', times: 1 });
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    socket.write(LIST + start);
    await setTimeout(1_200);
    socket.write(late.slice(start.length));
    const { text } = await answer;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 408']);
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=2']);
  });

  it('is not carried out when large responses before it have been read meanwhile', async () => {
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    const slow = (ms: number) => requestFor(`{ token(id: "fault-latency-${ms}") { id } }`);
    const large = 'GET /schema.graphql HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(8);
    socket.write(slow(1_000) + large + slow(2_500) + late.slice(0, -2));
    await setTimeout(800);
    socket.write(late.slice(-2, -1));
    await setTimeout(700);
    socket.write(late.slice(-1));
    const { text } = await answer;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array(10).fill('HTTP/1.1 200'), 'HTTP/1.1 408']);
    expect(gateway.calls()).toEqual([
      'GET /v1/tokens/fault-latency-1000',
      'GET /v1/tokens/fault-latency-2500',
    ]);
  });
});

describe('A request that is rejected before all of it was read', () => {
  const sent = (id: string, rest: string) => `${HEAD}x-request-id: ${id}\r\n${rest}`;

  it.each([
    ['late', 408, sent('late', 'content-length: 50\r\n\r\n{')],
    ['malformed', 400, sent('malformed', 'transfer-encoding: chunked\r\n\r\nzz\r\n')],
    ['proxied', 405, sent('proxied', '\r\n').replace('POST /graphql', 'CONNECT internal.example:443')],
    ['excessive', 503, `${LIST}${LIVEZ.repeat(99)}${sent('excessive', '\r\n')}`],
  ])('(%s) keeps the id of its client, and has one log line', async (id, status, text) => {
    const { origin, emulator, query, linesWith } = status === 408 ? gateway : patient;
    emulator.faults.add({ fault: 'latency-300', operation: 'listToken', times: 1 });
    const socket = await openConnection(origin);
    const answer = readToEnd(socket);
    socket.write(text);
    const last = `HTTP/1.1 ${(await answer).text.split('HTTP/1.1 ').at(-1)}`;
    emulator.faults.clear();
    expect(last).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\nx-request-id: ${id}\r\n`));
    expect(last.includes('\r\nallow: \r\n')).toBe(status === 405);
    // By the time of another response, the log has all lines about this request.
    await query('{ __typename }');
    expect(linesWith(`"requestId":"${id}"`)).toMatchObject([{ status }]);
  });
});

describe('A client that sends many requests and reads no response', () => {
  it('is disconnected after a hundred, so that they take no more memory', async () => {
    gateway.emulator.faults.add({ fault: 'latency-300', operation: 'listToken', times: 1 });
    const socket = await openConnection(patient.origin);
    const answer = readToEnd(socket);
    socket.write(LIST + LIVEZ.repeat(150));
    const { text, end } = await answer;
    const statuses = text.match(/HTTP\/1\.1 \d+/g) ?? [];
    expect(statuses.slice(0, -1)).toEqual(Array(100).fill('HTTP/1.1 200'));
    expect([statuses.at(-1), end]).toEqual(['HTTP/1.1 503', 'closed']);
    expect(text).toContain('"code":"OVERLOADED","retryAfter":1');
  });
});

describe('A connection is closed', () => {
  it('without a response when it was idle for KEEP_ALIVE_TIMEOUT_MS', async () => {
    const socket = await openConnection(patient.origin);
    const answer = readToEnd(socket);
    socket.write(rawRequest('GET /livez').replace('connection: close\r\n', ''));
    const { text, end, ownMs } = await answer;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(end).toBe('closed');
    expect(ownMs).toBeLessThan(400 + KEPT_LONGER_MS + SLACK_MS);
  });

  it('when its client does not read the responses, after REQUEST_TIMEOUT_MS', async () => {
    const request = rawRequest('GET /schema.graphql').replace('connection: close\r\n', '');
    // More than the buffers of both sides hold. It takes a while to fill them, and only then does the time begin.
    const { text, ownMs } = await neverRead(gateway.origin, request.repeat(2_000));
    expect(text.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThan(2_000);
    expect(ownMs).toBeLessThan(60_000);
  });

  it('when half of a body is all that its client sends', async () => {
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    socket.end(`${HEAD}content-length: 1000\r\n\r\n{`);
    expect((await answer).end).toBe('closed');
  });

  it('and others are served meanwhile', async () => {
    const slow = dribble(gateway.origin, `${HEAD}x-a: `, { rest: 'a', everyMs: 50 });
    const { status } = await gateway.query('{ __typename }');
    expect(status).toBe(200);
    await slow;
  });
});

const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { message } } }';
const KEY = { kty: 'RSA', alg: 'RS256', n: Buffer.alloc(2048, 0xa5).toString('base64url'), e: 'AQAB' };
const KEYS = 'authenticationMethod { publicKeyInfo { ... on JsonWebKeySet { keys { n } } } }';

describe('A caller of large responses', () => {
  let limited: Gateway;
  const startLimited = async (max: string) => {
    limited = await startGateway({
      env: {
        MAX_IN_FLIGHT_PER_PRINCIPAL: max,
        ADMIN_PORT: '0',
        UPSTREAM_MAX_RESPONSE_BYTES: '8388608',
      },
      authorization: 'Bearer large',
    });
    const keys = Array.from({ length: 80 }, (_, at) => ({ kid: `key-${at}`, ...KEY }));
    const authenticationMethod = { signingAlgorithm: 'RS256', publicKeyInfo: { jwks: { keys } } };
    for (const name of ['one', 'two', 'three', 'four']) {
      const { data } = await limited.query(CREATE, { input: { name, authenticationMethod } });
      expect(data.createToken.userErrors).toEqual([]);
    }
  };
  afterEach(() => limited.close());
  const queryOf = (pages: number) => {
    const page = `tokens(first: 4) { nodes { ${KEYS} } edges { node { ${KEYS} } } }`;
    return `{ ${Array.from({ length: pages }, (_, at) => `a${at}: ${page}`).join(' ')} }`;
  };

  it('that does not read one gets no other one meanwhile, as it counts for many requests', async () => {
    await startLimited('10');
    const body = JSON.stringify({ query: queryOf(20) });
    const headers = ['authorization: Bearer large', 'content-type: application/json'];
    const socket = await openConnection(limited.origin);
    socket.write(rawRequest('POST /graphql', [...headers, `content-length: ${body.length}`], body));
    // More than thirty megabytes.
    await once(socket, 'data');
    socket.pause();
    const small = '{ tokens(first: 1) { nodes { id } } }';
    expect((await limited.query(small)).errors?.[0]?.extensions).toEqual({
      code: 'OVERLOADED',
      retryAfter: 1,
    });
    expect((await limited.query(small, {}, { authorization: 'Bearer demo' })).status).toBe(200);
    socket.destroy();
    await until(async () => (await limited.query(small)).status === 200);
  });

  it('that reads one slowly gets all of it when the gateway shuts down', async () => {
    await startLimited('100');
    const body = JSON.stringify({ query: queryOf(20) });
    const head = `${HEAD}authorization: Bearer large\r\ncontent-length: ${body.length}\r\n\r\n`;
    const socket = await openConnection(limited.origin);
    const answer = readToEnd(socket);
    socket.write(head + body);
    await once(socket, 'data');
    socket.pause();
    const closed = limited.close();
    // The listener is closed by then.
    await setTimeout(1_000);
    socket.resume();
    const { headers, body: read, end } = await answer;
    expect([read.length, end]).toEqual([Number(headers.get('content-length')), 'closed']);
    await closed;
  });

  it('gets one of several that end at the same time', async () => {
    await startLimited('2');
    const answers = await together(
      limited,
      [5, 6].map((pages) => () => limited.query(queryOf(pages))),
    );
    expect(answers.map(({ status }) => status)).toContain(200);
  });
});

/**
 * Sends `start`, then one byte of `rest` each `everyMs`, until the other side has enough. Again if the process stood still for
 * so long that not one byte was read in time: then there is no response.
 */
function dribble(
  origin: string,
  start: string,
  { rest, everyMs }: { rest: string; everyMs: number },
): Promise<RawAnswer> {
  return until(async () => {
    const socket = await openConnection(origin);
    const answer = readToEnd(socket);
    socket.write(start);
    let at = 0;
    const timer = setInterval(() => socket.write(rest[at++ % rest.length] as string), everyMs);
    const { text } = await answer.finally(() => clearInterval(timer));
    return text !== '' && answer;
  });
}

/** Sends `request` and reads nothing. Resolves to what arrived in the end, when a further byte cannot be sent. */
async function neverRead(origin: string, request: string): Promise<RawAnswer> {
  const socket = await openConnection(origin);
  socket.pause();
  const answer = readToEnd(socket);
  socket.write(request);
  const timer = setInterval(() => socket.write('G'), 50);
  return answer.finally(() => clearInterval(timer));
}
