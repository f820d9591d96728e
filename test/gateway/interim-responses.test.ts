import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { listen } from '../support/tcp-servers.ts';
import { CREATE, DELETE, READ, TOKEN, UPDATE } from '../support/token.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\nx: HTTP/1.1 200 OK\r\n\r\n';
const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';

/** An API that sends `interim` before each response; `pieces` says where its bytes are cut. */
async function startApi(interim: string, cut: (bytes: string) => string[]) {
  const requests: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    answer(socket, requests, interim, cut);
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  return { server, url, requests, connections: () => connections };
}

function answer(socket: Socket, requests: string[], interim: string, cut: (bytes: string) => string[]) {
  let text = '';
  socket.setNoDelay(true).on('error', () => {});
  socket.on('data', async (chunk) => {
    text += chunk;
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end < 0 || text.length < end + 4 + length) return;
    requests.push(text.split(' HTTP')[0] as string);
    const body = text.startsWith('DELETE') ? '' : JSON.stringify(TOKEN);
    const status = text.startsWith('DELETE') ? '204 No Content' : '200 OK';
    text = '';
    const head = `HTTP/1.1 ${status}\r\n${body && `content-length: ${body.length}\r\n`}\r\n`;
    for (const piece of cut(interim + head + body)) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
}

const whole = (bytes: string) => [bytes];
const afterInterim = (bytes: string) => {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  return [bytes.slice(0, end), bytes.slice(end)];
};
const byteByByte = (bytes: string) => [...bytes.slice(0, 80), bytes.slice(80)];

let gateway: Gateway | undefined;
let server: Server | undefined;
afterEach(async () => {
  await gateway?.close();
  server?.close();
});

describe.each([
  ['a 100 that arrives with the response', CONTINUE, whole],
  ['a 100 that arrives before the response', CONTINUE, afterInterim],
  ['a 100 that arrives byte by byte', CONTINUE, byteByByte],
  ['a 103 with headers', HINTS, whole],
  ['several of them', PROCESSING + CONTINUE + HINTS + CONTINUE, whole],
  ['several of them, one after another', CONTINUE + CONTINUE + HINTS, afterInterim],
  ['none, and a response that arrives byte by byte', '', byteByByte],
])('Over an API that sends %s', (_title, interim, cut) => {
  it('reads and writes go through, each sent once, on one connection', async () => {
    const api = await startApi(interim, cut);
    server = api.server;
    gateway = await startGateway({ apiGatewayUrl: api.url, env: { UPSTREAM_RETRY_BUDGET: '0' } });
    for (const document of [READ, CREATE, READ, UPDATE, DELETE, READ])
      expect(await gateway.query(document)).toMatchObject({ errors: undefined });
    expect(api.requests).toEqual([
      'GET /iam/v1/tokens/a',
      'POST /iam/v1/tokens',
      'GET /iam/v1/tokens/a',
      'PATCH /iam/v1/tokens/a',
      'DELETE /iam/v1/tokens/a',
      'GET /iam/v1/tokens/a',
    ]);
    expect(api.connections()).toBe(1);
  });
});

describe('An API that switches protocols without a request', () => {
  it('has not responded: the write may have succeeded', async () => {
    const api = await startApi(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      whole,
    );
    server = api.server;
    gateway = await startGateway({ apiGatewayUrl: api.url });
    const { errors } = await gateway.query(CREATE);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', mayHaveSucceeded: true });
    expect(api.requests).toEqual(['POST /iam/v1/tokens']);
  });
});

describe('An API that sends interim responses without end', () => {
  it('is abandoned after the timeout of a write, which may have succeeded', async () => {
    const api = await startApi(CONTINUE.repeat(5000), (bytes) => [bytes.slice(0, 100_000)]);
    server = api.server;
    gateway = await startGateway({ apiGatewayUrl: api.url, env: { UPSTREAM_WRITE_TIMEOUT_MS: '1500' } });
    const { errors } = await gateway.query(CREATE);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_TIMEOUT', mayHaveSucceeded: true });
    expect(api.requests).toEqual(['POST /iam/v1/tokens']);
  });
});
