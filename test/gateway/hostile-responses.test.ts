import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PEM } from '../support/config.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { createTcpServers } from '../support/tcp-servers.ts';
import { CREATE, DELETE, INPUT, READ, TOKEN, UPDATE } from '../support/token.ts';
import { until } from '../support/until.ts';

const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const TOKEN_RESPONSE = ok(JSON.stringify(TOKEN));

let gateway: Gateway | undefined;
const { listen, close } = createTcpServers();
afterEach(async () => {
  await gateway?.close();
  close();
});

/** A gateway over an API that calls `respond` for each request, with how many its connection had before. */
async function start(respond: (socket: Socket, earlier: number) => void, env: Record<string, string> = {}) {
  const requests: string[] = [];
  const port = await listen(
    createServer((socket) => {
      let earlier = 0;
      socket.on('data', (bytes) => {
        requests.push(String(bytes).split(' HTTP')[0] as string);
        respond(socket, earlier++);
      });
    }),
  );
  gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}`, env });
  return { query: gateway.query, requests };
}

describe('A 408 that the API sends on an idle connection just as the next request arrives', () => {
  const startClosing = () =>
    start((socket, earlier) =>
      earlier === 0
        ? socket.write(TOKEN_RESPONSE)
        : socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
    );

  it('has a read sent again', async () => {
    const { query, requests } = await startClosing();
    for (let round = 0; round < 3; round++)
      expect(await query(READ)).toMatchObject({ data: { token: { name: 'worker' } }, errors: undefined });
    expect(requests).toEqual(Array(5).fill('GET /iam/v1/tokens/a'));
  });

  it.each([
    ['create', CREATE, 'POST /iam/v1/tokens'],
    ['update', UPDATE, 'PATCH /iam/v1/tokens/a'],
    ['delete', DELETE, 'DELETE /iam/v1/tokens/a'],
  ])('says of a %s that it was not carried out, and it is sent once', async (_title, document, call) => {
    const { query, requests } = await startClosing();
    await query(READ);
    const { errors } = await query(document);
    expect(errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_ERROR', upstreamStatus: 408 });
    expect(requests).toEqual(['GET /iam/v1/tokens/a', call]);
  });
});

describe('A response without a body that announces one', () => {
  it.each([
    ['204 No Content', { deletedTokenId: 'a' }],
    ['304 Not Modified', null],
  ])(
    '(%s) leaves no part of it to the next request, whose caller may be another one',
    async (status, deleteToken) => {
      const { query, requests } = await start((socket, earlier) =>
        socket.write(
          earlier === 0 && requests.length === 1
            ? `HTTP/1.1 ${status}\r\ntransfer-encoding: chunked\r\n\r\n`
            : `${earlier === 0 ? '' : '0\r\n\r\n'}${TOKEN_RESPONSE}`,
        ),
      );
      expect(await query(DELETE)).toMatchObject({ data: { deleteToken } });
      expect(await query(UPDATE)).toMatchObject({ data: { updateToken: { token: { id: 'a' } } } });
      expect(requests).toEqual(['DELETE /iam/v1/tokens/a', 'PATCH /iam/v1/tokens/a']);
    },
  );
});

describe('An API that closes each connection after its response without saying so', () => {
  it('gets a write that follows a read on another connection', async () => {
    const { query, requests } = await start((socket) => socket.end(TOKEN_RESPONSE));
    const update =
      'mutation { updateToken(input: { id: "a", authenticationMethod: { signingAlgorithm: RS512 } }) { token { id } } }';
    for (let round = 0; round < 10; round++) expect((await query(update)).errors).toBeUndefined();
    const calls = requests.filter((request) => request.startsWith('PATCH'));
    expect(calls).toEqual(Array(10).fill('PATCH /iam/v1/tokens/a'));
  });
});

describe.each([
  [
    'switches to another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    false,
  ],
  ['sends early hints without end', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(10_000), true],
])('A token endpoint that %s', (_title, answer, isEndless) => {
  it('fails the sign-in, and the next one works', async () => {
    let signIns = 0;
    const endpoint = await listen(
      createServer((socket) => {
        socket.once('data', () => {
          if (signIns++ > 0) socket.write(ok('{"access_token":"a","expires_in":3600}'));
          else if (isEndless) writeForever(socket, answer);
          else socket.write(answer);
        });
      }),
    );
    const { query } = await start((socket) => socket.write(TOKEN_RESPONSE), {
      AUTH_MODE: 'pat',
      PAT_CREDENTIAL: 'user',
      TOKEN_ENDPOINT: `http://127.0.0.1:${endpoint}/token`,
      TOKEN_ID: 'pat-id',
      PROJECT_ID: 'project-id',
      PRIVATE_KEY: PEM,
    });
    const { errors } = await query(READ);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    await until(async () => (await query(READ)).errors === undefined, 200);
    expect(signIns).toBe(2);
  });
});

/** Writes until the other side closes. */
function writeForever(socket: Socket, text: string) {
  while (!socket.destroyed && socket.write(text));
  if (!socket.destroyed) socket.once('drain', () => writeForever(socket, text));
}

describe.each([
  ['100s', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['103s', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
  ['empty lines', '', '\r\n'],
  ['chunk extensions', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a', 'a'],
])('A response that consists of %s without end', (_title, head, piece) => {
  it('is abandoned long before the time limit, and its request is not sent again', async () => {
    const { query, requests } = await start(
      (socket) => {
        socket.write(head);
        writeForever(socket, piece.repeat(10_000));
      },
      {
        UPSTREAM_MAX_RESPONSE_BYTES: '100000',
        UPSTREAM_READ_TIMEOUT_MS: '60000',
        REQUEST_DEADLINE_MS: '90000',
      },
    );
    const { errors } = await query(READ);
    expect(errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_INVALID_RESPONSE' });
    const written = await query(DELETE);
    expect(written.errors?.[0]?.extensions).toEqual({
      code: 'UPSTREAM_INVALID_RESPONSE',
      mayHaveSucceeded: true,
    });
    expect(requests).toEqual(['GET /iam/v1/tokens/a', 'DELETE /iam/v1/tokens/a']);
  });
});

describe('A page of two hundred thousand invalid items', () => {
  const page = ok(`{"tokens":[${Array(200_000).fill('{"id":""}').join(',')}]}`);

  it('is rejected as a whole', async () => {
    const { query } = await start((socket) => socket.write(page));
    const { errors } = await query('{ tokens { nodes { id } } }');
    expect(errors).toMatchObject([{ path: ['tokens'], extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }]);
  });

  it('says of a create that needs the list that it was not sent', async () => {
    const { query, requests } = await start((socket) => socket.write(page));
    const { errors } = await query(
      `mutation { createToken(input: { idempotencyKey: "8c2a33a1-1", ${INPUT} }) { token { id } } }`,
    );
    expect(errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_INVALID_RESPONSE' });
    expect(requests).toEqual(['GET /iam/v1/tokens?limit=100']);
  });
});
