import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Gateway, post, shareGateway, startGateway } from '../support/gateway.ts';
import { openConnection, readToEnd } from '../support/raw.ts';
import { createTcpServers } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const gateway = shareGateway({ env: { ADMIN_PORT: '0' } });

const get = (path: string, headers: Record<string, string> = {}) => fetch(gateway.origin + path, { headers });

describe('Every response', () => {
  it.each(['/graphql?query={__typename}', '/livez', '/readyz', '/nothing', '/schema.graphql'])(
    '(%s) may not be stored or sniffed, and has a request id',
    async (path) => {
      const { headers } = await get(path, { 'apollo-require-preflight': 'true' });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-request-id')).toMatch(UUID);
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );

  it("carries the caller's request id when it is well-formed", async () => {
    expect((await get('/livez', { 'x-request-id': 'req-1' })).headers.get('x-request-id')).toBe('req-1');
    expect((await get('/livez', { 'x-request-id': 'a b"<script>' })).headers.get('x-request-id')).toMatch(
      UUID,
    );
  });
});

describe('A path', () => {
  it.each(['/', '/nothing', '/metrics'])('that is not served (%s) is 404 as JSON', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });

  it('/livez says that the process lives', async () => {
    expect([(await get('/livez')).status, await (await get('/livez')).text()]).toEqual([200, 'ok\n']);
  });

  it('/readyz has a line for each dependency', async () => {
    let response = await get('/readyz');
    // On a busy machine the gateway may be overloaded for two seconds.
    while ((await response.clone().text()).includes('overloaded: yes')) {
      await setTimeout(200);
      response = await get('/readyz');
    }
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^ready: yes\nupstream: ok\ndraining: no\n/);
  });

  it('/schema.graphql is the schema with its descriptions', async () => {
    const text = await (await get('/schema.graphql')).text();
    expect(text).toContain('"""A personal access token (PAT): a machine principal');
    expect(text).toContain('directive @semanticNonNull');
  });
});

describe('The root', () => {
  const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

  it('redirects a browser to the explorer', async () => {
    const response = await fetch(`${gateway.origin}/`, { headers: BROWSER, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql']);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toContain('accept');
    const page = await fetch(`${gateway.origin}/?a=1`, { headers: BROWSER });
    expect(await page.text()).toContain('Apollo Sandbox');
  });

  it('says where the endpoint is where there is no explorer', async () => {
    const locked = await startGateway({ env: { EXPLORER: 'off' }, emulatorOf: gateway });
    const response = await fetch(`${locked.origin}/`, { headers: BROWSER });
    await locked.close();
    expect([response.status, await response.text()]).toEqual([
      404,
      expect.stringContaining('The GraphQL endpoint is /graphql.'),
    ]);
  });

  it('of the admin listener names the paths that are there', async () => {
    const response = await fetch(`${gateway.adminOrigin}/`);
    const text = await response.text();
    expect(response.status).toBe(404);
    for (const path of ['/livez', '/readyz', '/metrics']) expect(text).toContain(path);
    expect(text).not.toContain('/graphql');
  });

  it('rejects GraphQL requests, and says where to send them', async () => {
    const answer = await post(`${gateway.origin}/`, { query: '{ __typename }' }, {});
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(answer.errors?.[0]?.message).toContain('The GraphQL endpoint is /graphql.');
  });
});

const request = (query: string) => {
  const body = JSON.stringify({ query });
  const head = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo';
  return `${head}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

it('A load balancer learns of a shutdown at once, also while IAM does not respond', async () => {
  const { listen, close } = createTcpServers();
  const silent = `http://127.0.0.1:${await listen(createServer())}`;
  const closing = await startGateway({ apiGatewayUrl: silent, env: { DRAIN_DELAY_MS: '1000' } });
  const closed = closing.close();
  const { status } = await fetch(`${closing.origin}/readyz`);
  // New connections are still accepted after the response.
  const alive = await fetch(`${closing.origin}/livez`);
  expect([status, alive.status]).toEqual([503, 200]);
  await closed;
  close();
});

/** Begins to close a gateway, and resolves when it accepts no new connection. */
async function startToClose(gateway: Gateway): Promise<{ closed: Promise<void> }> {
  const closed = gateway.close();
  const isRefused = () =>
    openConnection(gateway.origin).then(
      (socket) => void socket.destroy(),
      () => true,
    );
  // The gateway waits for further ones while some arrive.
  await until(isRefused, 100);
  return { closed };
}

it('Requests that wait on one connection for their turn get their responses when the gateway shuts down', async () => {
  const closing = await startGateway({ env: { DRAIN_DELAY_MS: '0' } });
  closing.emulator.faults.add({ fault: 'latency-90000' });
  const slow = '{ token(id: "x") { id } }';
  const write = 'mutation { deleteToken(input: { id: "x" }) { userErrors { code } } }';
  const socket = await openConnection(closing.origin);
  const answer = readToEnd(socket);
  socket.write(request(slow) + request(write));
  await until(() => closing.calls().length === 2);
  const { closed } = await startToClose(closing);
  // The connection is still open.
  socket.write(request('{ a: __typename }') + request('{ b: __typename }'));
  await until(() => closing.linesWith('"msg":"operation"').length === 2);
  closing.emulator.faults.clear();
  const { text, end } = await answer;
  expect(text.match(/\r\n\r\n\{"data":\{"\w+/g)?.map((body) => body.slice(14))).toEqual([
    'token',
    'deleteToken',
    'a',
    'b',
  ]);
  expect([text.match(/connection: close/gi)?.length, end]).toEqual([1, 'closed']);
  await closed;
});

it('A request that arrives after the last response of a shutdown is prepared is not carried out', async () => {
  const closing = await startGateway({ env: { DRAIN_DELAY_MS: '0' } });
  closing.emulator.faults.add({ fault: 'latency-90000' });
  const socket = await openConnection(closing.origin);
  const answer = readToEnd(socket);
  socket.write(request('{ token(id: "x") { id } }'));
  await until(() => closing.calls().length === 1);
  const { closed } = await startToClose(closing);
  // Its response is complete, and waits for the first one.
  socket.write(request('{ __typename }'));
  await until(() => closing.log().includes('"kind":"query"'));
  socket.write(request('mutation { deleteToken(input: { id: "x" }) { userErrors { code } } }'));
  // Until it has been read.
  await setTimeout(100);
  closing.emulator.faults.clear();
  const { text, end } = await answer;
  // A client that reads `close` may send what it sent after that request again (RFC 9112 section 9.6).
  expect([text.match(/^HTTP/gm)?.length, text.match(/connection: close/gi)?.length, end]).toEqual([
    2,
    1,
    'closed',
  ]);
  await closed;
  expect(closing.calls()).toHaveLength(1);
});

describe('GraphQL over HTTP', () => {
  it('serves GET queries that no other site can make a browser send', async () => {
    const response = await get('/graphql?query={__typename}', { 'apollo-require-preflight': 'true' });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it.each([
    ['without a header that shows that it was meant', {}],
    ['with an empty one', { 'apollo-require-preflight': '' }],
    ['with a type that forms have', { 'content-type': 'text/plain;charset=UTF-8' }],
    ['with another such type', { 'content-type': 'Application/X-WWW-Form-Urlencoded' }],
  ])(
    'rejects a GET that any page can make a browser send (%s), and says what to do',
    async (_title, headers) => {
      for (const search of ['?query={__typename}', '', '?query=%']) {
        const response = await get(`/graphql${search}`, headers as Record<string, string>);
        expect([response.status, await response.json()]).toEqual([
          400,
          {
            errors: [
              {
                message:
                  'Any web page can make a browser send this GET, so it was not run. Send `content-type: application/json` or `apollo-require-preflight: true` with it, or use POST.',
                extensions: { code: 'BAD_REQUEST' },
              },
            ],
          },
        ]);
      }
    },
  );

  it('rejects a mutation by GET, and IAM is not called', async () => {
    gateway.forgetCalls();
    const query = encodeURIComponent('mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }');
    const response = await get(`/graphql?query=${query}`, {
      'apollo-require-preflight': 'true',
      authorization: 'Bearer demo',
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    ['application/json', 200],
    ['application/graphql-response+json', 400],
  ])('responds to a syntax error for %s with status %i', async (accept, status) => {
    const answer = await post(gateway.url, { query: '{ nope' }, { accept });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain(accept);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }]);
    expect(answer.text).not.toContain('"data"');
  });
});

describe('The explorer', () => {
  it('is Apollo Sandbox, opened with a document and a header that work', async () => {
    const page = await get('/graphql', { accept: 'text/html' });
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^' ]+'; script-src https:[^' ]+ 'sha256-[^' ]+'; img-src data:; frame-src https:[^' ]+; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const html = await page.text();
    expect(html).toContain('embeddable-sandbox');
    expect(html).not.toMatch(/<(script|link)[^>]*(fonts|landing-page)/);
    expect(html).toContain('TokensWithProjects');
    expect(html).toContain('Bearer demo');
  });

  it('can be the hosted one: Studio may send requests from its own origin', async () => {
    const response = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://studio.apollographql.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://studio.apollographql.com');
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
  });

  it('off also switches off introspection, the schema file and hints', async () => {
    const locked = await startGateway({ env: { EXPLORER: 'off' } });
    const page = await fetch(locked.url, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('sandbox');
    expect((await fetch(`${locked.origin}/schema.graphql`)).status).toBe(404);
    const introspection = await locked.query('{ __schema { queryType { name } } }');
    expect(introspection.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const typo = await locked.query('{ tokns { nodes { id } } }');
    expect(typo.text).not.toContain('Did you mean');
    await locked.close();
  });
});
