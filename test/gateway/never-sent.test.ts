import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { openConnection, rawRequest, readToEnd } from '../support/raw.ts';
import { createCertificate, createTcpServers } from '../support/tcp-servers.ts';
import { CREATE, DELETE, UPDATE } from '../support/token.ts';

let tls: ReturnType<typeof createCertificate>;
beforeAll(() => {
  tls = createCertificate('other.example');
});

let gateway: Gateway | undefined;
const { listen, close } = createTcpServers();
afterEach(async () => {
  await gateway?.close();
  close();
});

async function expectNeverSent(
  apiGatewayUrl: string,
  code = 'UPSTREAM_UNAVAILABLE',
  env: Record<string, string> = {},
) {
  gateway = await startGateway({ apiGatewayUrl, env });
  for (const document of [CREATE, UPDATE, DELETE]) {
    const { errors } = await gateway.query(document);
    expect(errors?.[0]?.extensions).toEqual({ code });
  }
}

describe('A write that was never sent cannot have succeeded', () => {
  it('when the certificate is of an unknown authority', async () => {
    const port = await listen(
      createTlsServer(tls, (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n')),
    );
    await expectNeverSent(`https://127.0.0.1:${port}`);
  });

  it('when the API speaks no TLS', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('{}')));
    await expectNeverSent(`https://127.0.0.1:${port}`);
  });

  it('when the API closes the connection during the TLS handshake', async () => {
    const port = await listen(createServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    await expectNeverSent(`https://127.0.0.1:${port}`);
  });

  it('when the TLS handshake does not end', async () => {
    const port = await listen(createServer(() => {}));
    await expectNeverSent(`https://127.0.0.1:${port}`, 'UPSTREAM_UNAVAILABLE', {
      UPSTREAM_CONNECT_TIMEOUT_MS: '100',
    });
  });

  it('when the deadline passes before the connection is open', async () => {
    const port = await listen(createServer(() => {}));
    const env = { REQUEST_DEADLINE_MS: '300', UPSTREAM_CONNECT_TIMEOUT_MS: '5000' };
    await expectNeverSent(`https://127.0.0.1:${port}`, 'UPSTREAM_TIMEOUT', env);
  });

  it('when the port is closed', async () => {
    await expectNeverSent(`http://127.0.0.1:${await freePort()}`);
  });

  it('when the name of the host has no address', async () => {
    await expectNeverSent('https://nowhere.invalid');
  });
});

describe('A write that was sent may have succeeded', () => {
  it.each([
    ['closes', 'end'],
    ['resets', 'resetAndDestroy'],
  ] as const)('when the API %s the connection without a response', async (_title, how) => {
    const port = await listen(createServer((socket) => socket.once('data', () => socket[how]())));
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}` });
    for (const document of [CREATE, UPDATE, DELETE]) {
      const { errors } = await gateway.query(document);
      expect(errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE', mayHaveSucceeded: true });
    }
  });
});

describe('A connection that the API closed as idle', () => {
  it.each(['end', 'resetAndDestroy'] as const)('costs no write (%s)', async (how) => {
    const requests: string[] = [];
    const port = await listen(
      createHttpServer((request, response) => {
        requests.push(String(request.method));
        response.writeHead(request.method === 'DELETE' ? 204 : 404).end();
        response.once('finish', () => setTimeout(() => request.socket[how](), 5));
      }),
    );
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}` });
    for (let round = 0; round < 5; round++) {
      const { data } = await gateway.query(DELETE);
      expect(data).toEqual({ deleteToken: { deletedTokenId: 'a' } });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(requests).toEqual(Array(5).fill('DELETE'));
  });

  it.each([
    ['read', 'GET', '{ token(id: "a") { id } }', { data: { token: null } }],
    ['write', 'DELETE', DELETE, { data: { deleteToken: { deletedTokenId: 'a' } } }],
  ])('costs no %s that arrives at that moment', async (_title, method, document, expected) => {
    const requests: string[] = [];
    let kept: Socket | undefined;
    const port = await listen(
      createHttpServer((request, response) => {
        requests.push(String(request.method));
        kept = request.socket;
        response.writeHead(request.method === 'DELETE' ? 204 : 404).end();
      }),
    );
    const env = { UPSTREAM_RETRY_BUDGET: '0' };
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}`, env });
    await gateway.query(document);
    const body = JSON.stringify({ query: document });
    const headers = [
      'content-type: application/json',
      'authorization: Bearer demo',
      `content-length: ${body.length}`,
    ];
    for (let round = 0; round < 20; round++) {
      const client = await openConnection(gateway.origin);
      const answer = readToEnd(client);
      await new Promise((resolve) => setTimeout(resolve, 10));
      // In one turn of the event loop, the gateway learns of both, the request first.
      client.write(rawRequest('POST /graphql', headers, body));
      kept?.resetAndDestroy();
      expect(JSON.parse((await answer).body)).toEqual(expected);
    }
    expect(requests).toEqual(Array(21).fill(method));
  });
});
