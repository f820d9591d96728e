import { describe, expect, it } from '@jest/globals';
import { type Gateway, shareGateway, startGateway } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { sendRaw } from '../support/raw.ts';

const QUERY = '{ tokens(first: 1) { nodes { id } } }';
const BODY = JSON.stringify({ query: QUERY });
const PEM = toPem(createKeyPair('RS256').privateKey);
const PAT = {
  AUTH_MODE: 'pat',
  TOKEN_ID: 't',
  PROJECT_ID: 'p',
  PRIVATE_KEY: PEM,
  TOKEN_ENDPOINT: 'http://127.0.0.1:9/',
};

const open = shareGateway({ env: { ADMIN_PORT: '0', CORS_ORIGINS: 'http://rebound.example' } });
const pat = shareGateway({ env: PAT, emulatorOf: open });
const guarded = shareGateway({
  env: { ...PAT, CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: 'keys' },
  readFile: () => `ci:write:${'a'.repeat(64)}\n`,
  emulatorOf: open,
});
const everywhere = shareGateway({ env: { HOST: '0.0.0.0' }, emulatorOf: open });

function send(origin: string, line: string, host: readonly string[], body = '') {
  const head = [
    ...host.map((value) => `host: ${value}`),
    'connection: close',
    'authorization: Bearer demo',
    'content-type: application/json',
    'apollo-require-preflight: 1',
    `content-length: ${body.length}`,
  ];
  return sendRaw(origin.replace('0.0.0.0', '127.0.0.1'), [line, ...head, '', body].join('\r\n'));
}
const post = (gateway: Gateway, host: string) => send(gateway.origin, 'POST /graphql HTTP/1.1', [host], BODY);

const REBOUND = [
  'rebound.example',
  'rebound.example:4000',
  'localhost.rebound.example',
  '127.0.0.1.rebound.example',
  'localhost.example',
  'notlocalhost',
  'gateway',
  '0.0.0.0',
  '[::]',
  '10.0.0.1',
  '128.0.0.1',
  '[::2]',
  '[fe80::1]',
  '[::ffff:10.0.0.1]',
  'xn--lcalhost-r0a',
];
const LOOPBACK = [
  'localhost',
  'LOCALHOST:4000',
  'localhost.',
  'localhost.:4000',
  'app.localhost:3000',
  '127.0.0.1',
  '127.0.0.1:1',
  '127.0.0.1.',
  '127.1',
  '127.8.9.10:65535',
  '[::1]',
  '[::1]:4000',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]:80',
];

describe('A web page that points its own host name at this machine', () => {
  it.each(REBOUND)('(%s) is not served where callers are not authenticated', async (host) => {
    for (const gateway of [open, pat]) {
      const answer = await post(gateway, host);
      expect(answer.status).toBe(421);
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    }
    expect(open.calls()).toEqual([]);
  });

  it.each([
    'GET /graphql?query={__typename}',
    'GET /graphql',
    'GET /schema.graphql',
    'GET /livez',
    'GET /readyz',
    'GET /nothing',
    'OPTIONS /graphql',
    'PUT /graphql',
  ])('is not served anything (%s)', async (line) => {
    expect((await send(open.origin, `${line} HTTP/1.1`, ['rebound.example'])).status).toBe(421);
  });

  it('is not served a URL without a host', async () => {
    for (const gateway of [open, everywhere]) {
      const { status } = await send(gateway.origin, 'POST http:///graphql HTTP/1.1', ['localhost'], BODY);
      expect(status).toBe(400);
    }
  });

  it('is not admitted by a preflight', async () => {
    const request = [
      'OPTIONS /graphql HTTP/1.1',
      'host: rebound.example',
      'connection: close',
      'origin: http://rebound.example',
      'access-control-request-method: POST',
      '',
      '',
    ];
    expect((await sendRaw(open.origin, request.join('\r\n'))).status).toBe(421);
  });

  it('is not served by the admin listener either', async () => {
    const origin = open.adminOrigin as string;
    for (const path of ['/metrics', '/livez', '/readyz'])
      expect((await send(origin, `GET ${path} HTTP/1.1`, ['rebound.example'])).status).toBe(421);
    expect((await send(origin, 'GET /metrics HTTP/1.1', ['localhost'])).status).toBe(200);
  });

  it.each([
    ['GET http://rebound.example/graphql?query={__typename} HTTP/1.1', ['localhost']],
    ['GET http://localhost/graphql?query={__typename} HTTP/1.1', ['rebound.example']],
    ['GET HTTP://REBOUND.EXAMPLE:80/graphql?query={__typename} HTTP/1.1', ['127.0.0.1']],
    ['GET http://localhost@rebound.example/graphql?query={__typename} HTTP/1.1', ['127.0.0.1']],
  ])('is not served by a whole URL (%s, %j)', async (line, host) => {
    expect((await send(open.origin, line, host)).status).toBe(421);
  });
});

describe('A client of this machine', () => {
  it.each(LOOPBACK)('is served by the name %s', async (host) => {
    expect((await post(open, host)).status).toBe(200);
  });

  it.each([
    ['GET http://localhost/graphql?query={__typename} HTTP/1.1', 200],
    ['GET http://127.0.0.1:4000/livez HTTP/1.1', 200],
    ['GET http://localhost HTTP/1.1', 404],
    ['GET http://localhost?query={__typename} HTTP/1.1', 404],
    ['GET http://localhost/nothing HTTP/1.1', 404],
    ['GET ftp://localhost/graphql HTTP/1.1', 404],
  ])('may send a whole URL (%s)', async (line, status) => {
    expect((await send(open.origin, line, ['localhost'])).status).toBe(status);
  });

  it('may leave out the host in HTTP/1.0', async () => {
    expect((await send(open.origin, 'GET /livez HTTP/1.0', [])).status).toBe(200);
  });

  it.each([
    [[]],
    [['localhost', 'rebound.example']],
    [['a b']],
    [['[']],
    [['localhost/x']],
    [['localhost?x']],
    [['user@localhost']],
    [['localhost\\x']],
    [['localhost:port']],
    [['']],
    // Names that a browser may know and the URL parser of this Node.js may not.
    [['rebound.example.1']],
    [['1.2.3.4.5']],
    [['xn--a.rebound.example']],
  ])('gets an error when its host is malformed (%j)', async (hosts) => {
    const { status } = await send(open.origin, 'POST /graphql HTTP/1.1', hosts, BODY);
    expect([400, 421]).toContain(status);
    expect(open.calls()).toEqual([]);
  });
});

describe('Any host name is served', () => {
  it.each(['gateway.example', 'rebound.example:4000', '10.0.0.1'])(
    '(%s) where callers are authenticated',
    async (host) => {
      expect((await post(guarded, host)).status).toBe(401);
    },
  );

  it.each(['gateway.example', 'rebound.example:4000', '10.0.0.1'])(
    '(%s) where other machines call',
    async (host) => {
      expect((await post(everywhere, host)).status).toBe(200);
    },
  );
});

describe('A path that is served has one spelling', () => {
  it.each([
    '/%67raphql',
    '/graphq%6C',
    '/%2fgraphql',
    '/graphql%2f',
    '/./graphql',
    '/x/../graphql',
    '/graphql;x',
    '/graphql#x',
    '//graphql',
    '/graphql/',
    '/GraphQL',
    '/li%76ez',
    '/schema%2egraphql',
  ])('%s is 404', async (path) => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await send(
        open.origin,
        `${method} ${path}?query={__typename} HTTP/1.1`,
        ['localhost'],
        BODY,
      );
      expect([status, JSON.parse(body).errors[0].extensions.code]).toEqual([404, 'NOT_FOUND']);
    }
    expect(open.calls()).toEqual([]);
  });
});

describe('The URL of the API', () => {
  it.each([
    ['in capitals', (port: string) => `HTTP://LOCALHOST:${port}`],
    ['with a short address', (port: string) => `http://127.1:${port}/`],
    ['with a port that begins with zero', (port: string) => `http://127.0.0.1:0${port}/iam/`],
    ['with dots in its path', (port: string) => `http://127.0.0.1:${port}/x/../iam`],
  ])('may be written otherwise (%s): reads and writes work', async (_title, toUrl) => {
    const apiGatewayUrl = toUrl(new URL(open.emulator.url).port);
    const other = await startGateway({ emulatorOf: open, apiGatewayUrl });
    expect((await other.query(QUERY)).data.tokens.nodes).toHaveLength(1);
    const { data } =
      await other.query(`mutation { createToken(input: { name: "worker", authenticationMethod: {
      signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://a.example" } } }) { token { id } } }`);
    expect(data.createToken.token.id).toEqual(expect.any(String));
    await other.close();
  });
});
