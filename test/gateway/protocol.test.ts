import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { post, shareGateway, startGateway } from '../support/gateway.ts';
import { type RawAnswer, rawRequest, sendRaw } from '../support/raw.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const QUERY = '{ tokens(first: 1) { nodes { id } } }';
const BODY = JSON.stringify({ query: QUERY });
const JSON_TYPE = 'content-type: application/json';
const LENGTH = `content-length: ${BODY.length}`;
const CREDENTIAL = 'authorization: Bearer demo';

const gateway = shareGateway({ env: { CORS_ORIGINS: 'https://app.example', CORS_HEADERS: 'X-Tenant' } });

const raw = (line: string, headers: string[] = [], body = '') =>
  sendRaw(gateway.origin, rawRequest(line, [CREDENTIAL, ...headers], body));
const postRaw = (headers: string[], body = BODY) => raw('POST /graphql', headers, body);
const query = (headers: Record<string, string>, body: unknown = BODY) =>
  post(gateway.url, body, { authorization: 'Bearer demo', ...headers });
const get = (search: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}?${search}`, { headers: { 'apollo-require-preflight': 'true', ...headers } });

/** One error in GraphQL's shape with every header of ours, and nothing about what made it. */
function expectRefusal(
  answer: Pick<RawAnswer, 'status' | 'headers' | 'body'>,
  status: number,
  code = 'BAD_REQUEST',
) {
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({
    errors: [{ message: expect.any(String), extensions: { code } }],
  });
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('x-request-id')).toMatch(UUID);
  expect(answer.headers.get('x-powered-by')).toBeNull();
  expect(answer.headers.get('server')).toBeNull();
  expect(answer.body).not.toMatch(/node|fastify|FST_|HPE_|parse|llhttp|stack/i);
  expect(gateway.calls()).toEqual([]);
}

/**
 * Measures until all figures are below their limits at once, 20 times at most. A busy machine, or what else this process
 * does, only makes them larger.
 */
async function untilBelow<Name extends string>(
  limits: Readonly<Record<Name, number>>,
  measure: () => Promise<Readonly<Record<Name, number>>>,
): Promise<void> {
  const names = Object.keys(limits) as Name[];
  let figures = await measure();
  for (let tries = 1; tries < 20 && names.some((name) => figures[name] >= limits[name]); tries++)
    figures = await measure();
  for (const name of names) expect(figures[name]).toBeLessThan(limits[name]);
}

describe('A body of the wrong shape', () => {
  it.each([
    ['half a document', '{"query":'],
    ['nothing', ''],
    ['null', 'null'],
    ['a text', '"{ __typename }"'],
    ['a number', '7'],
    ['an empty list', '[]'],
    ['a list of two requests', `[${BODY},${BODY}]`],
    ['a list of ten requests', `[${Array(10).fill(BODY)}]`],
    ['no query', '{}'],
    ['a query that is a number', '{"query":1}'],
    ['a query that is a list', '{"query":["{ __typename }"]}'],
    ['an empty query', '{"query":""}'],
    ['variables as text', '{"query":"{ __typename }","variables":"x"}'],
    ['variables as a list', '{"query":"{ __typename }","variables":[]}'],
    ['extensions as text', '{"query":"{ __typename }","extensions":"x"}'],
    ['an operation name that is a number', '{"query":"{ __typename }","operationName":1}'],
  ])('(%s) is 400', async (_title, body) => {
    const { status, headers, text } = await query({}, body);
    expectRefusal({ status, headers, body: text }, 400);
  });

  it('is rejected if it is not UTF-8, instead of being stored damaged', async () => {
    const body = Buffer.from('{"query":"{ __typename }","operationName":"Zoë"}', 'latin1');
    const head = rawRequest('POST /graphql', [JSON_TYPE, `content-length: ${body.length}`]);
    const answer = await sendRaw(gateway.origin, Buffer.concat([Buffer.from(head), body]));
    expectRefusal(answer, 400);
    expect(answer.body).toContain('The body is not valid UTF-8.');
  });

  it('may begin with a byte order mark', async () => {
    expect((await query({}, `\ufeff${BODY}`)).status).toBe(200);
  });

  it.each([
    ['lists', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['objects', '{"a":'.repeat(40_000) + 1 + '}'.repeat(40_000)],
  ])('is rejected at once when %s are nested deeply', async (_title, deep) => {
    const body = `{"query":"query($v: ID!) { token(id: $v) { id } }","variables":{"v":${deep}}}`;
    await untilBelow({ ownMs: 100 }, async () => {
      const answer = await postRaw([JSON_TYPE, `content-length: ${body.length}`], body);
      expect(JSON.parse(answer.body).errors[0].extensions).toEqual({
        code: 'OPERATION_LIMIT_EXCEEDED',
        limit: 'variableDepth',
        actual: 33,
        max: 32,
      });
      return { ownMs: answer.ownMs };
    });
  });
});

describe('The rejection in docs/client-guide.md', () => {
  it('is what clients get', async () => {
    const [, example = ''] =
      /```json\n([\s\S]*?)```/.exec(readFileSync('docs/client-guide.md', 'utf8')) ?? [];
    expect(JSON.parse((await postRaw(['content-type: text/plain', LENGTH])).body)).toEqual(
      JSON.parse(example),
    );
  });
});

describe('A POST', () => {
  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/graphql'],
    ['application/jsonp'],
    ['text/plain; application/json'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=utf-32'],
    ['application/json; charset=utf-7'],
    ['application/json; charset=cp1047'],
    ['application/json;CHARSET="UTF-16"'],
    ['application/json;\tcharset=utf-16'],
  ])('of type %s is 415, and IAM is not called', async (type) => {
    expectRefusal(await postRaw([`content-type: ${type}`, LENGTH]), 415);
  });

  it.each([[LENGTH], ['content-length: 0']])('without a type and with %s is 415', async (length) => {
    expectRefusal(await postRaw([length], length === LENGTH ? BODY : ''), 415);
  });

  it.each([
    'application/json; charset=UTF-8',
    'Application/JSON;charset=utf-8',
    'application/json; charset="Utf-8"',
    'application/json; profile=x',
    'application/json; charset=utf8',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json;',
    'application/json ; Charset = "utf-8" ;',
    'application/json; profile="a;charset=utf-16"',
    'application/json; charset="ut\\f-8"',
  ])('of type %s is served', async (type) => {
    expect((await query({ 'content-type': type })).status).toBe(200);
  });

  it.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip'])(
    'that is compressed (%s) is 415',
    async (encoding) => {
      const answer = await postRaw([JSON_TYPE, LENGTH, `content-encoding: ${encoding}`]);
      expectRefusal(answer, 415);
      expect(answer.headers.get('accept-encoding')).toBe('identity');
    },
  );

  it.each(['identity', 'Identity', ''])('that says it is not compressed (%j) is served', async (encoding) => {
    expect((await postRaw([JSON_TYPE, LENGTH, `content-encoding: ${encoding}`])).status).toBe(200);
  });

  it('that is compressed by its transfer encoding is 415', async () => {
    expectRefusal(
      await postRaw(
        [JSON_TYPE, 'transfer-encoding: gzip, chunked'],
        `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
      ),
      415,
    );
  });

  it('whose 64 MB are compressed to 64 KB is not decompressed', async () => {
    const packed = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    const head = rawRequest('POST /graphql', [
      JSON_TYPE,
      'content-encoding: gzip',
      `content-length: ${packed.length}`,
    ]);
    const request = Buffer.concat([Buffer.from(head), packed]);
    await untilBelow({ ownMs: 200, bytes: 5_000_000 }, async () => {
      const before = process.memoryUsage().rss;
      const answer = await sendRaw(gateway.origin, request);
      expectRefusal(answer, 415);
      return { ownMs: answer.ownMs, bytes: process.memoryUsage().rss - before };
    });
  });

  it('in chunks is served', async () => {
    const answer = await postRaw(
      [JSON_TYPE, 'transfer-encoding: chunked'],
      `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
  });

  it('that waits for "100 Continue" gets it', async () => {
    const answer = await postRaw([JSON_TYPE, LENGTH, 'expect: 100-continue']);
    expect(answer.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it.each([
    ['is too large', 413, 'POST /graphql', [JSON_TYPE, 'content-length: 300000'], 'BAD_REQUEST'],
    ['goes to an unknown path', 404, 'POST /nothing', [JSON_TYPE, LENGTH], 'NOT_FOUND'],
    ['has another method', 405, 'PUT /graphql', [JSON_TYPE, LENGTH], 'BAD_REQUEST'],
    ['is of another media type', 415, 'POST /graphql', ['content-type: text/plain', LENGTH], 'BAD_REQUEST'],
    ['is compressed', 415, 'POST /graphql', [JSON_TYPE, 'content-encoding: gzip', LENGTH], 'BAD_REQUEST'],
  ])(
    'that waits for "100 Continue" and %s is rejected at once with %d',
    async (_title, status, line, headers, code) => {
      const keepAlive = rawRequest(line, [CREDENTIAL, ...headers, 'expect: 100-continue']).replace(
        'connection: close\r\n',
        '',
      );
      const answer = await sendRaw(gateway.origin, keepAlive);
      expectRefusal(answer, status, code);
      expect(answer.text).not.toContain('100 Continue');
      expect(answer.headers.get('connection')).toBe('close');
      expect(answer.ownMs).toBeLessThan(2_000);
    },
  );

  it('that does not wait for "100 Continue" gets its error too', async () => {
    const head = rawRequest('POST /graphql', [JSON_TYPE, 'content-length: 300000', 'expect: 100-continue']);
    const answer = await sendRaw(gateway.origin, head + ' '.repeat(300_000));
    expectRefusal(answer, 413);
    expect(answer.end).toBe('closed');
  });

  it('with another expectation is served', async () => {
    expect((await postRaw([JSON_TYPE, LENGTH, 'expect: coffee'])).status).toBe(200);
  });

  it.each(['websocket', 'h2c'])('that asks for an upgrade to %s is served as HTTP/1.1', async (protocol) => {
    const upgrade = rawRequest(
      'POST /graphql',
      [CREDENTIAL, JSON_TYPE, LENGTH, `upgrade: ${protocol}`],
      BODY,
    );
    const answer = await sendRaw(
      gateway.origin,
      upgrade.replace('connection: close', 'connection: close, upgrade'),
    );
    expect(answer.status).toBe(200);
  });

  it.each([['host: localhost'], []])('in HTTP/1.0 is served (%s)', async (...host) => {
    const head = ['POST /graphql HTTP/1.0', ...host, CREDENTIAL, JSON_TYPE, LENGTH];
    const request = [...head, '', BODY].join('\r\n');
    expect((await sendRaw(gateway.origin, request)).status).toBe(200);
  });

  it.each([
    'text/html',
    'image/png',
    'multipart/mixed',
    'application/json;q=0',
    'application/json; charset=latin1',
    '*/*;q=0',
    'application/*;q=0, */*;q=0.0',
    'application/json;q=0, application/graphql-response+json;q=0, */*',
    'application/json; profile="a, */*"',
    'application/jsonp',
    'text/html;x="application/json"',
  ])('that accepts only %s is 406, and nothing is done', async (accept) => {
    const mutation = JSON.stringify({
      query: 'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }',
    });
    const length = `content-length: ${mutation.length}`;
    expectRefusal(await postRaw([JSON_TYPE, length, `accept: ${accept}`], mutation), 406);
  });

  it.each([
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['text/html, application/json;q=0.5', 'application/json'],
    ['application/json; charset=UTF-8', 'application/json'],
    ['application/graphql-response+json; q=1.0', 'application/graphql-response+json'],
    ['', 'application/json'],
    [' , ', 'application/json'],
    ['application/json; charset=utf8', 'application/json'],
    ['application/json; charset="UTF-8"; q=0.1', 'application/json'],
    [
      'application/graphql-response+json; charset=utf8, application/json;q=0.9',
      'application/graphql-response+json',
    ],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0, */*', 'application/json'],
    ['application/json;q=0.1, application/*', 'application/graphql-response+json'],
    ['application/json;q=0.2, application/graphql-response+json;q=0.3', 'application/graphql-response+json'],
    ['application/json, application/graphql-response+json', 'application/json'],
    ['application/graphql-response+json, application/json', 'application/graphql-response+json'],
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'application/json'],
    ['image/png;x="a,b";q=1, APPLICATION/JSON', 'application/json'],
    ['application/json; callbackSpec=1.0, application/json', 'application/json'],
  ])('that accepts %s gets %s', async (accept, type) => {
    const answer = await query({ accept });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
  });
});

describe('A large body', () => {
  const MB = 1_000_000;
  const padded = (size: number) => {
    const start = `{"query":"{ __typename }","pad":"`;
    return `${start}${'x'.repeat(size - start.length - 2)}"}`;
  };

  it('of 262144 bytes is read, and one byte more is 413', async () => {
    expect((await query({}, padded(262_144))).status).toBe(200);
    const { status, headers, text } = await query({}, padded(262_145));
    expectRefusal({ status, headers, body: text }, 413);
  });

  it.each([4, 20])('of %i MB is rejected, and fetch gets the response', async (size) => {
    const { status, headers, text } = await query({}, padded(size * MB));
    expectRefusal({ status, headers, body: text }, 413);
  });

  it.each([4, 20])(
    'of %i MB is rejected, and a client that sends all before it reads gets the response',
    async (size) => {
      const answer = await postRaw([JSON_TYPE, `content-length: ${size * MB}`], padded(size * MB));
      expectRefusal(answer, 413);
      expect(answer.end).toBe('closed');
    },
  );

  it.each([4, 20])('of %i MB in chunks is rejected, and the response arrives', async (size) => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const body = `${chunk.repeat(Math.ceil((size * MB) / 65_536))}0\r\n\r\n`;
    const answer = await postRaw([JSON_TYPE, 'transfer-encoding: chunked'], body);
    expectRefusal(answer, 413);
    expect(answer.end).toBe('closed');
  });

  it.each([
    ['PUT /graphql', JSON_TYPE, 405],
    ['POST /nothing', JSON_TYPE, 404],
    ['POST /graphql', 'content-type: text/plain', 415],
  ])('is read to its end when it is rejected for another reason (%s, %s)', async (line, type, status) => {
    const answer = await raw(line, [type, `content-length: ${4 * MB}`], padded(4 * MB));
    expectRefusal(answer, status, status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST');
    expect(answer.end).toBe('closed');
  });

  it('without an end is cut', async () => {
    const chunk = `100000\r\n${'x'.repeat(1_048_576)}\r\n`;
    const answer = await postRaw([JSON_TYPE, 'transfer-encoding: chunked'], chunk.repeat(33));
    expect(['closed', 'ECONNRESET', 'EPIPE']).toContain(answer.end);
  });
});

describe('A GET', () => {
  it.each(['text/plain', 'message/rfc822', 'multipart/form-data; boundary=x'])(
    'of type %s is 415',
    async (type) => {
      const answer = await get('query={__typename}', { 'content-type': type });
      expectRefusal({ status: answer.status, headers: answer.headers, body: await answer.text() }, 415);
    },
  );

  it.each([
    ['two queries', 'query={__typename}&query={__schema}'],
    ['two sets of variables', 'query={__typename}&variables={}&variables={}'],
    ['variables that are no JSON', 'query={__typename}&variables=x'],
    ['no query', 'operationName=A'],
  ])('with %s is 400', async (_title, search) => {
    const answer = await get(search);
    expectRefusal({ status: answer.status, headers: answer.headers, body: await answer.text() }, 400);
  });

  it.each([
    'query={__typename}&variables=&extensions=',
    'query={__typename}&variables=null&extensions=null&operationName=',
    'query={__typename}&variables={}&extensions={}',
    'query={__typename}&variables=&operationName=',
  ])('with empty parameters (%s) is served', async (search) => {
    const answer = await get(search);
    expect([answer.status, await answer.json()]).toEqual([200, { data: { __typename: 'Query' } }]);
  });

  it.each(['image/png', '*/*;q=0', 'application/json;q=0, text/plain'])(
    'that accepts only %s is 406',
    async (accept) => {
      const answer = await get(`query=${encodeURIComponent(QUERY)}`, {
        accept,
        authorization: 'Bearer demo',
      });
      expectRefusal({ status: answer.status, headers: answer.headers, body: await answer.text() }, 406);
    },
  );

  it('with a document that is too long is 400, and with one that no URL should hold 431', async () => {
    const long = await get(`query=${'a'.repeat(15_001)}`);
    expect([long.status, await long.json()]).toMatchObject([
      400,
      { errors: [{ extensions: { code: 'OPERATION_LIMIT_EXCEEDED', limit: 'characters' } }] },
    ]);
    expectRefusal(await raw(`GET /graphql?query=${'a'.repeat(20_000)}`), 431);
  });

  it('of a mutation is rejected, whatever method a header names', async () => {
    const search = 'query=mutation{deleteToken(input:{id:"x"}){deletedTokenId}}';
    const answer = await get(search, { 'x-http-method-override': 'POST', authorization: 'Bearer demo' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(gateway.calls()).toEqual([]);
  });

  it.each(['content-type: application/json', 'x-apollo-operation-name: A', 'apollo-require-preflight: 1'])(
    'with %s gets a response',
    async (header) => {
      expect((await raw('GET /graphql?query={__typename}', [header])).status).toBe(200);
    },
  );

  it('that another site could cause is rejected with the header to send', async () => {
    const answer = await raw('GET /graphql?query={__typename}');
    expectRefusal(answer, 400);
    expect(answer.body).toContain('apollo-require-preflight');
  });
});

describe('Another method', () => {
  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])(
    '(%s) is 405, and the response says what is allowed',
    async (method) => {
      const answer = await raw(`${method} /graphql`);
      expectRefusal(answer, 405);
      expect(answer.headers.get('allow')).toBe('GET, POST');
    },
  );

  it('(HEAD) is 405 without a body', async () => {
    const answer = await raw('HEAD /graphql?query={__typename}', ['apollo-require-preflight: true']);
    expect([answer.status, answer.headers.get('allow'), answer.body]).toEqual([405, 'GET, POST', '']);
  });

  it('(CONNECT) is 405, whatever its target', async () => {
    expectRefusal(await raw('CONNECT internal.example:443'), 405);
  });

  it('(BREW) that does not exist is 400', async () => {
    expectRefusal(await raw('BREW /graphql'), 400);
  });

  it('(HEAD) of a health path has no body', async () => {
    const answer = await raw('HEAD /livez');
    expect([answer.status, answer.body]).toEqual([200, '']);
  });

  it('(DELETE) of another path is 405 too', async () => {
    const answer = await raw('DELETE /livez');
    expectRefusal(answer, 405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('A path', () => {
  it.each([
    '/graphql/',
    '//graphql',
    '/GraphQL',
    '/%2e%2e/graphql',
    '/../graphql',
    '/graphql/../graphql',
    '/graphql%00',
    '/graphql;a=b',
    '*',
  ])('that does not exist (%s) is 404', async (path) => {
    expectRefusal(await raw(`POST ${path}`, [JSON_TYPE, LENGTH], BODY), 404, 'NOT_FOUND');
  });

  it('of 10 KB is 404', async () => {
    expectRefusal(await raw(`GET /${'a'.repeat(10_240)}`), 404, 'NOT_FOUND');
  });

  it.each(['/%zz', '/%', '/%c0%ae', '/graphql%'])('that cannot be decoded (%s) is 400', async (path) => {
    expectRefusal(await raw(`POST ${path}`, [JSON_TYPE, LENGTH], BODY), 400);
  });
});

describe('A request with 3000 headers', () => {
  const many = Array<string>(3000).fill('a:');
  const send = (headers: string[]) =>
    sendRaw(
      gateway.origin,
      `POST /graphql HTTP/1.1\r\n${headers.join('\r\n')}\r\nconnection: close\r\n\r\n${BODY}`,
    );

  it('is served, also when the ones that matter are the last', async () => {
    expect((await send([...many, 'host: localhost', JSON_TYPE, LENGTH, CREDENTIAL])).status).toBe(200);
  });

  it('is 401 when a second credential is the last', async () => {
    const answer = await send(['host: localhost', JSON_TYPE, LENGTH, CREDENTIAL, ...many, CREDENTIAL]);
    expectRefusal(answer, 401, 'UNAUTHENTICATED');
  });
});

describe('A request that is malformed', () => {
  const chunked = 'transfer-encoding: chunked';
  it.each([
    ['two ways to tell its length', postOf([LENGTH, chunked], '0\r\n\r\n')],
    ['two lengths', postOf([LENGTH, 'content-length: 7'])],
    ['a negative length', postOf(['content-length: -1'])],
    ['a length that is no number', postOf(['content-length: 0x10'])],
    ['a chunk without a size', postOf([chunked], 'zz\r\n')],
    ['chunked not as the last coding', postOf(['transfer-encoding: chunked, identity'])],
    [
      'chunks in HTTP/1.0',
      postOf([CREDENTIAL, chunked], `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`)
        .replace('HTTP/1.1', 'HTTP/1.0')
        .replace('connection: close', 'connection: keep-alive'),
    ],
    ['a folded header', postOf(['x-a: b', ' c', LENGTH])],
    ['a NUL in a header', postOf(['x-a: b\0c', LENGTH])],
    ['a blank before a colon', postOf(['x-a : b', LENGTH])],
    ['two hosts', postOf(['host: other', LENGTH])],
    ['a host that is none', postOf([LENGTH]).replace('host: localhost', 'host: a b')],
    ['half an address as host', postOf([LENGTH]).replace('host: localhost', 'host: [')],
    ['a URL with a port that is none', postOf([LENGTH]).replace('/graphql', 'http://a:99999/graphql')],
    ['no host', postOf([LENGTH]).replace('host: localhost\r\n', '')],
    ['no HTTP', 'HELLO\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('(%s) is 400, and IAM is not called', async (_title, request) => {
    const answer = await sendRaw(gateway.origin, request);
    expectRefusal(answer, 400);
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.end).toBe('closed');
  });

  const large = ' '.repeat(300_000);
  it.each([
    ['not JSON', 400, ['content-length: 1'], '{'],
    ['no body', 400, ['content-length: 0'], ''],
    ['a body that is too large', 413, ['content-length: 300000'], large],
    ['a body that is not waited for', 413, ['content-length: 40000000'], ' '.repeat(40_000_000)],
    ['chunks that are too large', 413, [chunked], `493e0\r\n${large}\r\n0\r\n\r\n`],
  ])('(%s) is %d, and the request behind it gets its response', async (_title, status, headers, body) => {
    gateway.forgetCalls();
    const first = postOf(headers, body).replace('connection: close\r\n', '');
    const { text, end } = await sendRaw(gateway.origin, first + postOf([LENGTH, CREDENTIAL]));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`, 'HTTP/1.1 200']);
    expect([end, gateway.calls().length]).toEqual(['closed', 1]);
  });

  it('(64 KB of headers) is 431', async () => {
    const answer = await postRaw([JSON_TYPE, LENGTH, `x-a: ${'a'.repeat(65_536)}`]);
    expectRefusal(answer, 431);
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.end).toBe('closed');
  });

  it.each([
    ['no HTTP', 'garbage\r\n\r\n', 400],
    ['a chunk without a size', postOf([CREDENTIAL, chunked], 'zz\r\n'), 400],
    ['a CONNECT', rawRequest('CONNECT internal.example:443'), 405],
  ])('(%s) after one that is running does not take its response', async (_title, second, status) => {
    gateway.emulator.faults.add({ fault: 'latency-300', operation: 'listToken', times: 1 });
    const first = postOf([LENGTH, CREDENTIAL]).replace('connection: close\r\n', '');
    const { text, end } = await sendRaw(gateway.origin, first + second);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', `HTTP/1.1 ${status}`]);
    expect(end).toBe('closed');
  });

  function postOf(headers: string[], body = BODY): string {
    return rawRequest('POST /graphql', [JSON_TYPE, ...headers], body);
  }
});

describe('A page of another origin', () => {
  const preflight = ['access-control-request-method: POST', 'access-control-request-headers: authorization'];
  const allowed = (answer: RawAnswer) => [
    answer.headers.get('access-control-allow-origin'),
    answer.headers.get('access-control-allow-credentials'),
  ];

  it.each(['https://evil.example', 'null', 'https://app.example.evil.example', 'http://app.example'])(
    '(%s) is allowed neither by a preflight nor by a response',
    async (origin) => {
      const asked = await raw('OPTIONS /graphql', [`origin: ${origin}`, ...preflight]);
      expect(allowed(asked)).toEqual([null, null]);
      const answered = await postRaw([`origin: ${origin}`, JSON_TYPE, LENGTH]);
      expect(allowed(answered)).toEqual([null, null]);
    },
  );

  it.each([
    'authorization,content-type,accept',
    'apollographql-client-name,apollographql-client-version',
    'apollo-require-preflight,x-apollo-operation-name',
    'traceparent,tracestate,baggage,sentry-trace',
    'x-request-id,x-explain',
    'x-tenant',
  ])('on the list may send %s', async (names) => {
    const asked = await raw('OPTIONS /graphql', [
      'origin: https://app.example',
      'access-control-request-method: POST',
      `access-control-request-headers: ${names}`,
    ]);
    const may = asked.headers.get('access-control-allow-headers')?.split(', ') ?? [];
    expect(names.split(',').filter((name) => !may.includes(name))).toEqual([]);
    expect(may).not.toContain('*');
  });

  it('on the list may call, without cookies, and may read rejections', async () => {
    const app = 'origin: https://app.example';
    expect(allowed(await raw('OPTIONS /graphql', [app, ...preflight]))).toEqual([
      'https://app.example',
      null,
    ]);
    expect(allowed(await postRaw([app, JSON_TYPE, LENGTH]))).toEqual(['https://app.example', null]);
    const rejected = await postRaw([app, 'content-type: text/plain', LENGTH]);
    expect([rejected.status, ...allowed(rejected)]).toEqual([415, 'https://app.example', null]);
  });

  it('gets no header of CORS where no origin may call', async () => {
    const closed = await startGateway({ env: { EXPLORER: 'off' } });
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const asked = await fetch(closed.url, { method: 'OPTIONS', headers });
    const answered = await post(closed.url, BODY, { authorization: 'Bearer demo', ...headers });
    await closed.close();
    expect([asked.status, answered.status]).toEqual([405, 200]);
    const names = [...asked.headers.keys(), ...answered.headers.keys()];
    expect(names.filter((name) => name === 'vary' || name.startsWith('access-control'))).toEqual([]);
  });
});
