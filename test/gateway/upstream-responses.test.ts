import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeCursor } from '../../src/graphql/pagination/cursor.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type ListApi, startListApi } from '../support/list-api.ts';
import { listen } from '../support/tcp-servers.ts';
import { CREATE, TOKEN } from '../support/token.ts';

const READ = 'query ($id: ID!) { token(id: $id) { name } }';
const UPDATE =
  'mutation ($id: ID!) { updateToken(input: { id: $id, name: "worker" }) { token { name } userErrors { code } } }';

const NODES = 'query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }';
const LIST = 'query ($after: String) { tokens(after: $after) { nodes { id } } }';
const COMPLETE =
  'mutation ($id: ID!) { updateToken(input: { id: $id, authenticationMethod: { signingAlgorithm: RS512 } }) { token { id } } }';
const DELETE = 'mutation ($id: ID!) { deleteToken(input: { id: $id }) { deletedTokenId } }';

const tokenOf = (id: string) => {
  const { publicKeyInfo, ...method } = TOKEN.authenticationMethod;
  const keys = { ...publicKeyInfo, ...(id === 'added' ? { readAt: 'now' } : {}) };
  return { ...TOKEN, id, name: 'wörker', authenticationMethod: { ...method, publicKeyInfo: keys } };
};

const UNAUTHENTICATED = { name: 'UnauthorizedError', traceId: 'trace-1', message: '', httpStatusCode: 403 };
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const encodings = ['Identity', 'IDENTITY', '', ' identity , ', ',', ['identity', 'identity']];
const compressed: Record<string, string | string[]> = {
  gzip: 'identity, gzip',
  'two-gzip': ['gzip', 'gzip'],
};
const statuses: Record<string, number> = {
  'bom-error': 403,
  'see-other': 303,
  maintenance: 503,
  'expired-400': 400,
  'expired-404': 404,
  'expired-409': 409,
  'other-clock': 503,
};
const headers: Record<string, Record<string, string>> = {
  maintenance: { 'retry-after': '3 \t' },
  'other-clock': { date: 'Mon, 23 Nov 2020 10:00:00 GMT', 'retry-after': 'Mon, 23 Nov 2020 10:00:03 GMT' },
};

/** Answers `token-<n>` with the n-th content encoding, `bom` with a byte order mark, and ids of `statuses` with their status. */
async function startApi(): Promise<{ server: Server; url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await text(request));
    const id = request.url?.split(/[/=]/).at(-1) ?? '';
    const encoding = compressed[id] ?? encodings[Number(id.split('-')[1])];
    if (encoding !== undefined) response.setHeader('content-encoding', encoding);
    const body = JSON.stringify(/error|expired/.test(id) ? UNAUTHENTICATED : tokenOf(id));
    response.writeHead(request.method === 'POST' ? 404 : (statuses[id] ?? 200), headers[id]);
    if (id.startsWith('bom')) {
      // In two pieces, so that the mark arrives alone.
      response.write(BOM.subarray(0, 2));
      response.write(BOM.subarray(2));
    }
    response.end(body);
  });
  return { server, url: `http://127.0.0.1:${await listen(server)}`, bodies };
}

let gateway: Gateway;
let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway({ apiGatewayUrl: api.url });
});
afterAll(async () => {
  await gateway.close();
  api.server.close();
});

describe('A response of the IAM API', () => {
  it('with many algorithms that the schema does not know has one line in the log, with the request', async () => {
    const list = await startListApi();
    list.tokens = ['a', 'b', 'c'];
    list.change = (text) => text.replaceAll('RS256', 'PS256');
    const reader = await startGateway({ apiGatewayUrl: list.url });
    const document = '{ tokens { nodes { authenticationMethod { signingAlgorithm } } } }';
    const { data, headers } = await reader.query(document);
    const lines = reader.log().split('\n');
    await reader.close();
    await list.close();
    expect(data.tokens.nodes).toEqual(Array(3).fill({ authenticationMethod: { signingAlgorithm: null } }));
    const reported = lines.filter((line) => line.includes('enum value that the schema does not know'));
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain(`"requestId":"${headers.get('x-request-id')}"`);
  });

  it.each(encodings.map((encoding, index) => [encoding, index]))(
    'whose Content-Encoding is %j is read',
    async (_encoding, index) => {
      const variables = { id: `token-${index}` };
      expect((await gateway.query(READ, variables)).data).toEqual({ token: { name: 'wörker' } });
      expect((await gateway.query(UPDATE, variables)).data).toEqual({
        updateToken: { token: { name: 'wörker' }, userErrors: [] },
      });
    },
  );

  it.each(['gzip', 'two-gzip'])('that is compressed without a request for it (%s) is invalid', async (id) => {
    const { errors } = await gateway.query(READ, { id });
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_INVALID_RESPONSE');
  });

  it('of 303 to a write means that it may have succeeded', async () => {
    const { errors } = await gateway.query(UPDATE, { id: 'see-other' });
    expect(errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_INVALID_RESPONSE', mayHaveSucceeded: true });
  });

  it.each([
    ['time', 'maintenance'],
    ['time, as a date of another clock,', 'other-clock'],
  ])('that names a longer %s than the gateway waits is passed on with it', async (_what, id) => {
    const unavailable = { code: 'UPSTREAM_UNAVAILABLE', upstreamStatus: 503, retryAfter: 3 };
    const read = await gateway.query(READ, { id });
    expect(read.errors?.[0]?.extensions).toEqual(unavailable);
    const write = await gateway.query(UPDATE, { id });
    expect(write.errors?.[0]?.extensions).toEqual({ ...unavailable, mayHaveSucceeded: true });
  });

  it.each([400, 404, 409])(
    'that does not accept the credential is UNAUTHENTICATED, also with status %i',
    async (status) => {
      const id = `expired-${status}`;
      const after = encodeCursor('tokens', { key: id, offset: 0, id: '' });
      for (const document of [READ, NODES, LIST, UPDATE, COMPLETE, DELETE]) {
        const { errors } = await gateway.query(document, { id, after });
        expect([document, errors?.[0]?.extensions.code]).toEqual([document, 'UNAUTHENTICATED']);
      }
    },
  );

  it('of 404 to a create is not reported as a problem of an id, which a create does not have', async () => {
    const { data, errors } = await gateway.query(CREATE);
    expect(data).toEqual({ createToken: null });
    expect(errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', upstreamStatus: 404 });
  });

  it('that begins with a byte order mark is read', async () => {
    expect((await gateway.query(READ, { id: 'bom' })).data).toEqual({ token: { name: 'wörker' } });
    expect((await gateway.query(UPDATE, { id: 'bom' })).data.updateToken.token).toEqual({ name: 'wörker' });
  });

  it('that is an error and begins with a byte order mark is understood', async () => {
    const { errors } = await gateway.query(READ, { id: 'bom-error' });
    expect(errors?.[0]?.extensions).toEqual({
      code: 'UNAUTHENTICATED',
      upstreamStatus: 403,
      traceId: 'trace-1',
    });
  });
});

describe('A member that the API has not promised', () => {
  const EVERYTHING = `{ tokens { edges { cursor node { __typename id name scopes
    authenticationMethod { type publicKeyInfo { __typename
      ... on JsonWebKeySet { keys { kid use } } ... on JsonWebKeySetLocation { jwksUri } } }
    projects { edges { node { name } policy { version statements { effect actions } } } pageInfo { hasNextPage } } } } } }`;
  /** Names of fields of the schema, and names with a meaning in JavaScript and in the gateway. */
  const NAMES =
    'invalid error cursor node edges pageInfo statements actions jwksUri problems __typename then toJSON';

  let list: ListApi;
  let interpreting: Gateway;
  let compiling: Gateway;
  beforeAll(async () => {
    list = await startListApi();
    list.tokens = ['a', 'b'];
    list.projects = ['p', 'q'];
    interpreting = await startGateway({ apiGatewayUrl: list.url, env: { MAX_COMPILED_OPERATIONS: '0' } });
    compiling = await startGateway({ apiGatewayUrl: list.url, env: { COMPILE_AFTER: '1' } });
  });
  afterAll(async () => {
    await Promise.all([interpreting.close(), compiling.close()]);
    await list.close();
  });
  const add = (members: object) => (text: string) =>
    JSON.stringify(JSON.parse(text, (_key, value) => (isObject(value) ? { ...members, ...value } : value)));
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

  it.each([[false], [null], ['x'], [{ id: 'x' }]])('changes nothing when it is %j', async (value) => {
    list.change = (text) => text;
    // The second request of the operation is compiled.
    await compiling.query(EVERYTHING);
    const { data: expected } = await interpreting.query(EVERYTHING);
    list.change = add(Object.fromEntries(NAMES.split(' ').map((name) => [name, value])));
    for (const reader of [interpreting, compiling]) {
      const { data, errors } = await reader.query(EVERYTHING);
      expect({ data, errors }).toEqual({ data: expected, errors: undefined });
    }
  });

  it('is not sent back by an update that completes what the caller changes', async () => {
    await gateway.query(
      'mutation { updateToken(input: { id: "added", authenticationMethod: { type: PRIVATE_KEY } }) { token { id } } }',
    );
    expect(JSON.parse(api.bodies.at(-1) ?? '')).toEqual({
      authenticationMethod: {
        type: 'PRIVATE_KEY',
        signingAlgorithm: 'RS256',
        publicKeyInfo: { jwksUri: 'https://a.example/jwks' },
      },
    });
  });

  it('is invalid when it contradicts another: a key set that is null beside its location', async () => {
    list.change = (text) =>
      text.replace(/"jwks":\{"keys":\[.*?\]\}/, '"jwks":null,"jwksUri":"https://a.example"');
    const { data, errors } = await compiling.query(
      '{ tokens { nodes { id authenticationMethod { publicKeyInfo { ... on JsonWebKeySet { keys { kid } } } } } } }',
    );
    expect(data.tokens.nodes).toEqual([null, expect.objectContaining({ id: 'b' })]);
    expect(errors).toEqual([
      expect.objectContaining({
        path: ['tokens', 'nodes', 0],
        extensions: { code: 'UPSTREAM_INVALID_RESPONSE' },
      }),
    ]);
  });
});
