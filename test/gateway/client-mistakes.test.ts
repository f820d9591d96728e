import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, post, shareGateway, startGateway } from '../support/gateway.ts';
import { readSchemaNames } from '../support/schema-names.ts';

const DEMO = { authorization: 'Bearer demo' };
const NEWER = { ...DEMO, accept: 'application/graphql-response+json' };
const GET = { ...DEMO, 'apollo-require-preflight': '1' };
const TYPENAME = '{ __typename }';

const plain = shareGateway();
const apq = shareGateway({ env: { APQ: 'true' }, emulatorOf: plain });
afterEach(() => {
  expect(plain.calls()).toEqual([]);
  // Nothing that a client does is reported as an error of ours.
  for (const gateway of [plain, apq]) expect(gateway.log()).not.toMatch(/"level":50|INTERNAL_SERVER_ERROR/);
});

const get = async (gateway: Gateway, search: string, headers: Record<string, string> = GET) => {
  const response = await fetch(`${gateway.url}?${search}`, { headers });
  return { status: response.status, text: await response.text() };
};
const codesIn = (text: string) =>
  JSON.parse(text).errors?.map((error: { extensions: { code: string } }) => error.extensions.code);

describe('A subscription, which the schema does not have, is the client’s mistake by POST and by GET', () => {
  it.each([
    'subscription { x }',
    'subscription S { __typename }',
    'query Q { __typename } subscription S { x }',
  ])('so `%s` is BAD_REQUEST', async (query) => {
    const operationName = query.includes('S') ? 'S' : '';
    const answers = [
      ...(await Promise.all(
        [DEMO, NEWER, {}].map((headers) => post(plain.url, { query, operationName }, headers)),
      )),
      await get(plain, `query=${encodeURIComponent(query)}&operationName=${operationName}`),
    ];
    for (const { status, text } of answers) {
      const message = 'Subscriptions are not supported.';
      expect([status, JSON.parse(text).errors]).toEqual([
        400,
        [{ message, extensions: { code: 'BAD_REQUEST' } }],
      ]);
    }
  });

  it('and the query beside it runs', async () => {
    const query = 'query Q { __typename } subscription S { x }';
    expect((await post(plain.url, { query, operationName: 'Q' }, DEMO)).data).toEqual({
      __typename: 'Query',
    });
  });
});

describe('A persisted query that is malformed is the client’s mistake', () => {
  const sha256Hash = createHash('sha256').update(TYPENAME).digest('hex');
  const wrong: [string, unknown, string][] = [
    ['a wrong hash', { version: 1, sha256Hash: 'f'.repeat(64) }, 'BAD_REQUEST'],
    ['version 2', { version: 2, sha256Hash }, 'BAD_REQUEST'],
    ['no version', { sha256Hash }, 'BAD_REQUEST'],
    ['true', true, 'BAD_REQUEST'],
    ['a text', 'x', 'BAD_REQUEST'],
    ['a list', [], 'BAD_REQUEST'],
    ['a hash that is a number', { version: 1, sha256Hash: 1 }, 'BAD_REQUEST'],
    ['a hash that is no text', { version: 1, sha256Hash: { toString: 1, valueOf: 1 } }, 'BAD_REQUEST'],
    ['no hash', { version: 1 }, 'BAD_REQUEST'],
  ];

  it.each(wrong)('with its document, for %s', async (_title, persistedQuery, code) => {
    const extensions = { persistedQuery };
    const answer = await post(apq.url, { query: TYPENAME, extensions }, DEMO);
    expect([answer.status, codesIn(answer.text)]).toEqual([400, [code]]);
    const search = new URLSearchParams({ query: TYPENAME, extensions: JSON.stringify(extensions) });
    const byGet = await get(apq, String(search));
    expect([byGet.status, codesIn(byGet.text)]).toEqual([400, [code]]);
  });

  it.each(wrong)('without its document, for %s', async (_title, persistedQuery) => {
    const { text, headers } = await post(apq.url, { extensions: { persistedQuery } }, DEMO);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(['BAD_REQUEST', 'PERSISTED_QUERY_NOT_FOUND']).toContain(codesIn(text)[0]);
  });

  it.each(wrong)('where persisted queries are off, for %s', async (_title, persistedQuery) => {
    const answer = await post(plain.url, { query: TYPENAME, extensions: { persistedQuery } }, DEMO);
    expect([answer.status, codesIn(answer.text)]).toEqual([200, ['PERSISTED_QUERY_NOT_SUPPORTED']]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('but a syntax error of its document comes first', async () => {
    const extensions = { persistedQuery: { version: 2, sha256Hash } };
    for (const { url } of [apq, plain]) {
      const answer = await post(url, { query: '{', extensions }, DEMO);
      expect(codesIn(answer.text)).toEqual(['GRAPHQL_PARSE_FAILED']);
    }
  });

  it.each([false, null, 0, ''])('but it counts as absent when it is %j', async (persistedQuery) => {
    const answer = await post(apq.url, { query: TYPENAME, extensions: { persistedQuery } }, DEMO);
    expect(answer.data).toEqual({ __typename: 'Query' });
  });
});

describe('The error for a malformed request says which member is wrong', () => {
  it.each<[string, string, unknown]>([
    ['query', '`query` must be a string.', { query: 1 }],
    ['operationName', '`operationName` must be a string.', { query: TYPENAME, operationName: 1 }],
    ['documentId', '`documentId` must be a string.', { query: TYPENAME, documentId: 1 }],
    ['doc_id', '`doc_id` must be a string.', { query: TYPENAME, documentId: 'a', doc_id: {} }],
    [
      'variables',
      '`variables` must be a JSON object, and not the text of one.',
      { query: TYPENAME, variables: '{}' },
    ],
    [
      'extensions',
      '`extensions` must be a JSON object, and not the text of one.',
      { query: TYPENAME, extensions: [] },
    ],
    ['body', 'The body must be a JSON object.', '"text"'],
    ['body', 'Send `query`, or the id of a document.', {}],
    ['body', 'Send `query`, or the id of a document.', { query: null, extensions: {} }],
    ['body', 'Send `query`, or the id of a document.', { query: '', documentId: '' }],
  ])('%s: %s', async (_member, message, body) => {
    const { status, errors } = await post(plain.url, body as object, DEMO);
    expect([status, errors]).toEqual([400, [{ message, extensions: { code: 'BAD_REQUEST' } }]]);
  });

  it.each([
    ['query={__typename}&query={__typename}', 'The parameter `query` must not be repeated.'],
    ['query={__typename}&variables={', 'The parameter `variables` must be JSON.'],
    ['query={__typename}&extensions=1', '`extensions` must be a JSON object, and not the text of one.'],
  ])('of a GET with %s: %s', async (search, message) => {
    const { status, text } = await get(plain, search);
    expect([status, JSON.parse(text).errors[0].message]).toEqual([400, message]);
  });
});

describe('An empty operation name means the same as none', () => {
  it.each([
    ['new', 'query First { __typename } # new'],
    ['known', 'query First { __typename } # new'],
  ])('for a document that is %s', async (_title, query) => {
    expect((await post(plain.url, { query, operationName: '' }, DEMO)).data).toEqual({ __typename: 'Query' });
    const byGet = await get(plain, `query=${encodeURIComponent(query)}&operationName=`);
    expect(byGet).toEqual({ status: 200, text: '{"data":{"__typename":"Query"}}\n' });
  });

  it('for a document with two operations, one of which must be named', async () => {
    const query = 'query A { __typename } query B { __typename }';
    const texts = [
      (await post(plain.url, { query, operationName: '' }, DEMO)).text,
      (await post(plain.url, { query }, DEMO)).text,
      (await get(plain, `query=${encodeURIComponent(query)}&operationName=`)).text,
    ];
    for (const text of texts)
      expect([text, codesIn(text)]).toEqual([texts[1], ['OPERATION_RESOLUTION_FAILURE']]);
  });
});

describe('A GET', () => {
  it.each(['variables=&extensions=', 'variables=null&extensions=null', 'variables={}&extensions={}', ''])(
    'may leave its parameters empty (%s)',
    async (more) => {
      expect((await get(plain, `query={__typename}&${more}`)).text).toBe('{"data":{"__typename":"Query"}}\n');
    },
  );

  it('with the id of a document, without trusted documents, gets the request to send the document', async () => {
    const { status, text } = await get(plain, 'documentId=unknown');
    expect([status, codesIn(text)]).toEqual([200, ['PERSISTED_QUERY_NOT_FOUND']]);
  });

  it.each(['query', 'variables', 'extensions', 'operationName', 'documentId'])(
    'with a repeated parameter (%s) is BAD_REQUEST',
    async (name) => {
      const { status, text } = await get(plain, `query={__typename}&${name}=&${name}=`);
      expect([status, codesIn(text)]).toEqual([400, ['BAD_REQUEST']]);
    },
  );

  it.each(['image/png', 'text/html;q=0', 'application/json;q=0'])(
    'that accepts only %s is 406, and nothing is done',
    async (accept) => {
      const { status, text } = await get(plain, 'query={tokens{nodes{id}}}', { ...GET, accept });
      expect([status, codesIn(text)]).toEqual([406, ['BAD_REQUEST']]);
    },
  );
});

describe('Where introspection is off, no message has a name of the schema that the client did not send', () => {
  let locked: Gateway;
  beforeAll(async () => {
    locked = await startGateway({ env: { EXPLORER: 'off' }, emulatorOf: plain });
  });
  afterAll(() => locked.close());

  const names = readSchemaNames();
  const wordsOf = (text: string): string[] => text.match(/[_A-Za-z]\w*/g) ?? [];
  /** Names stand in quotes; outside of them the same words are English. */
  const namesIn = (message: string) =>
    [...message.matchAll(/["`']([^"`']*)["`']/g)]
      .flatMap(([, quoted = '']) => wordsOf(quoted))
      .filter((word) => names.has(word));

  const create = 'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }';
  it.each<[string, object]>([
    ['{ tokens }', {}],
    ['{ token }', {}],
    ['{ tokns }', {}],
    ['{ token { id } }', {}],
    ['{ node { id } }', {}],
    ['{ tokens { nodes { nam } } }', {}],
    ['{ tokens { nodes } }', {}],
    ['{ tokens(first: "x") { nodes { id } } }', {}],
    ['{ tokens(frst: 1) { nodes { id } } }', {}],
    ['{ nodes(ids: [1.5]) { id } }', {}],
    ['{ node(id: "1") { name } }', {}],
    ['{ node(id: "1") { ... on Project { id } } }', {}],
    ['{ ...F } fragment F on Token { id }', {}],
    ['{ tokens { nodes { id { x } } } }', {}],
    ['query ($id: String) { token(id: $id) { id } }', {}],
    ['query ($id: CreateTokenInput) { token(id: $id) { id } }', {}],
    ['mutation { createToken(input: {}) { token { id } } }', {}],
    ['mutation { createToken(input: { x: 1 }) { token { id } } }', {}],
    ['mutation { createToken(input: { name: "a", authenticationMethod: {} }) { token { id } } }', {}],
    [
      'mutation { createToken(input: { name: "a", authenticationMethod: { signingAlgorithm: X, publicKeyInfo: {} } }) { id } }',
      {},
    ],
    ['query ($first: Int) { tokens(first: $first) { nodes { id } } }', { first: 'x' }],
    ['query ($id: ID!) { token(id: $id) { id } }', {}],
    ['query ($id: ID!) { token(id: $id) { id } }', { id: {} }],
    [create, {}],
    [create, { input: 1 }],
    [create, { input: {} }],
    [create, { input: { nam: 'x' } }],
    [create, { input: { name: 'abc', authenticationMethod: 1 } }],
    [create, { input: { name: 'abc', authenticationMethod: { signingAlgorithm: 'X' } } }],
    [
      create,
      { input: { name: 'abc', authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: {} } } },
    ],
  ])('not even for %s with %j', async (query, variables) => {
    const { errors, text } = await locked.query(query, variables);
    const sent = new Set(wordsOf(`${query} ${JSON.stringify(variables)}`));
    expect(errors?.length).toBeGreaterThan(0);
    for (const { message } of errors ?? [])
      expect(namesIn(message).filter((name) => !sent.has(name))).toEqual([]);
    expect(text).not.toContain('INTERNAL_SERVER_ERROR');
  });

  it('and a message about what the client sent is still helpful', async () => {
    const messages = async (query: string) =>
      (await locked.query(query)).errors?.map(({ message }) => message);
    const noDetails = 'does not fit the schema. Introspection is off here, so there are no details.';
    expect(await messages('{ tokns }')).toEqual([`Field "tokns" ${noDetails}`]);
    expect(await messages('{ tokens }')).toEqual([`Field "tokens" ${noDetails}`]);
    expect(await messages('{ token(id: "1") { id(x: 1) } }')).toEqual([
      expect.stringContaining('Introspection is off'),
    ]);
  });
});
