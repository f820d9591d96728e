import { beforeAll, describe, expect, it } from '@jest/globals';
import { stopClock } from '../support/clock.ts';
import { type Answer, post, shareGateway, startGateway } from '../support/gateway.ts';

const LIST =
  'query List($first: Int, $each: Int) { tokens(first: $first) { nodes { id name projects(first: $each) { nodes { id } } } } }';
const ONE = 'query One($id: ID!) { token(id: $id) { id name } }';
const TWO = 'query A { tokens(first: 1) { nodes { id } } } query B { tokens(first: 2) { nodes { name } } }';
const RENAME =
  'mutation Rename($id: ID!) { updateToken(input: { id: $id, name: "renamed" }) { token { name } userErrors { code } } }';
const JSON_TYPE = 'application/json';
const RESPONSE_TYPE = 'application/graphql-response+json';

const gateway = shareGateway({ env: { MAX_UPSTREAM_CALLS: '60' } });
let ids: string[];
let unique = 0;
beforeAll(async () => {
  ids = gateway.emulator.tokensOf('demo').map(({ id }) => id);
});

type Body = Record<string, unknown> & { readonly query: string };
type Headers = Record<string, string>;

const send = (body: object, headers: Headers = {}) =>
  post(gateway.url, body, { authorization: 'Bearer demo', ...headers });

/** What a client and an operator can tell apart, without what differs each time. */
function comparable({ status, headers, text }: Answer) {
  const { date: _date, 'x-request-id': id = '', ...others } = Object.fromEntries(headers);
  const [{ operation, kind, code, upstreamCalls }] = gateway.linesWith('"operation"', id);
  const told = text.replaceAll(id, 'the request').replaceAll(/"traceId":"[^"]+"/g, '"traceId":"a trace"');
  return { status, headers: others, text: told, log: { operation, kind, code, upstreamCalls } };
}

/** The answer to what has run before, and to the same in a document that nobody has seen. */
async function answerKnownAndNew(first: Body, body: Body, headers?: Headers) {
  const before = await send(first, headers?.accept ? { accept: headers.accept } : {});
  expect(before.status).toBe(200);
  gateway.forgetCalls();
  const known = comparable(await send(body, headers));
  const callsOfKnown = gateway.calls();
  gateway.forgetCalls();
  const fresh = comparable(await send({ ...body, query: `${body.query} # ${unique++}` }, headers));
  return { known, fresh, callsOfKnown, callsOfNew: gateway.calls() };
}

describe('An operation that has run before gets the same response as a new one', () => {
  const list: Body = { query: LIST, variables: { first: 2, each: 2 } };
  const one = (id: unknown): Body => ({ query: ONE, variables: { id } });
  it.each<[string, Body, Body, Headers?]>([
    ['with other variables', list, { query: LIST, variables: { first: 3, each: 1 } }],
    ['without variables', list, { query: LIST }],
    ['with null for the variables and the name', list, { query: LIST, variables: null, operationName: null }],
    ['by its name', list, { ...list, operationName: 'List' }],
    ['by a name that it does not have', list, { ...list, operationName: 'Other' }],
    [
      'as one of two in a document, by its name',
      { query: TWO, operationName: 'A' },
      { query: TWO, operationName: 'B' },
    ],
    ['as one of two in a document, without a name', { query: TWO, operationName: 'A' }, { query: TWO }],
    ['by an empty name', list, { ...list, operationName: '' }],
    ['for the newer media type', list, list, { accept: RESPONSE_TYPE }],
    ['for either media type', list, list, { accept: `${RESPONSE_TYPE}, ${JSON_TYPE};q=0.9` }],
    ['when the caller is unknown', list, list, { authorization: '' }],
    ['when another caller sends it', list, list, { authorization: 'Bearer somebody-else' }],
    ['when it fails in part', list, { query: LIST, variables: { first: 2, each: 101 } }],
    ['with a variable of another type', list, { query: LIST, variables: { first: 'many' } }],
    [
      'with a variable of another type, for the newer media type',
      list,
      { query: LIST, variables: { first: 1.5 } },
      { accept: RESPONSE_TYPE },
    ],
    ['with a page that costs too much', list, { query: LIST, variables: { first: 100, each: 100 } }],
    ['with variables that are a list', list, { query: LIST, variables: [] }],
    ['with variables that are text', list, { query: LIST, variables: '{}' }],
    ['with extensions', list, { ...list, extensions: {} }],
    [
      'with a persisted query that is not served',
      list,
      { ...list, extensions: { persistedQuery: { version: 1 } } },
    ],
    [
      'with half of a surrogate pair in place of U+FFFD, which has the same hash',
      { query: '{ node(id: "\ufffd") { id } }' },
      { query: '{ node(id: "\ud800") { id } }' },
    ],
    ['for a token that does not exist', one('missing'), one('missing-too')],
    ['for a text that is not an id', one('missing'), one('../tokens')],
    ['without a variable that it needs', one('missing'), { query: ONE }],
    ['for a token for which IAM responds with 500', one('missing'), one('fault-status-500')],
    ['for a token for which IAM sends a malformed response', one('missing'), one('fault-badjson')],
    [
      'when it reads only the schema',
      { query: '{ __typename }' },
      { query: '{ __typename }' },
      { authorization: '' },
    ],
  ])('also %s', async (_title, first, body, headers = {}) => {
    const { known, fresh, callsOfKnown, callsOfNew } = await answerKnownAndNew(first, body, headers);
    expect(known).toEqual(fresh);
    expect(callsOfKnown).toEqual(callsOfNew);
  });

  it('also with variables that are nested too deeply', async () => {
    const deep = { query: LIST, variables: { first: 1, more: nested(40) } };
    const { known, fresh, callsOfKnown } = await answerKnownAndNew(list, deep);
    expect(known).toEqual(fresh);
    expect([known.log.code, callsOfKnown]).toEqual(['OPERATION_LIMIT_EXCEEDED', []]);
  });

  it('also when it is a mutation, and each is sent once', async () => {
    const rename = { query: RENAME, variables: { id: ids[0] } };
    const { known, fresh, callsOfKnown } = await answerKnownAndNew(rename, rename);
    expect(known).toEqual(fresh);
    expect(callsOfKnown).toEqual([`PATCH /v1/tokens/${ids[0]}`]);
  });

  it('but a mutation is rejected by GET', async () => {
    await send({ query: RENAME, variables: { id: ids[0] } });
    gateway.forgetCalls();
    const search = new URLSearchParams({ query: RENAME, variables: JSON.stringify({ id: ids[0] }) });
    const response = await fetch(`${gateway.url}?${search}`, {
      headers: { authorization: 'Bearer demo', 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
    expect(gateway.calls()).toEqual([]);
  });
});

describe('An operation that has run before', () => {
  it('consumes the rate limit of its caller', async () => {
    const limited = await startGateway({
      emulatorOf: gateway,
      env: { RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '5' },
    });
    const ask = () => limited.query(LIST, { first: 19, each: 1 });
    const startClock = stopClock();
    const answers = [await ask(), await ask(), await ask(), await ask()];
    startClock();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit')?.match(/r=\d/)?.[0])).toEqual([
      'r=3',
      'r=1',
      'r=0',
      'r=0',
    ]);
    expect(answers[3]?.headers.get('retry-after')).toBe('2');
    await limited.close();
  });
});

describe('The memory for documents', () => {
  it('is limited by their size: a few large ones take the place of many small ones', async () => {
    const small = await startGateway({
      emulatorOf: gateway,
      env: { ADMIN_PORT: '0', MAX_CACHED_DOCUMENTS: '20', MAX_COMPILED_OPERATIONS: '20' },
    });
    const entriesAfter = async (count: number, selection: string) => {
      for (let n = 0; n < count; n++) {
        const document = `query Q${n} { tokens(first: 1) { nodes { ${selection} } } }`;
        for (const repeated of [await small.query(document), await small.query(document)])
          expect(repeated.status).toBe(200);
      }
      const metrics = await small.metrics();
      return metrics.split('\n').filter((line) => line.startsWith('tokens_gateway_cache_entries'));
    };
    expect(await entriesAfter(40, 'id')).toEqual([
      'tokens_gateway_cache_entries{cache="documents"} 20',
      'tokens_gateway_cache_entries{cache="compiled"} 20',
    ]);
    // Twenty documents have 3000 tokens, and each of these has 715.
    expect(await entriesAfter(6, 'id ...{ name } ari ...{ ownerAri } '.repeat(70))).toEqual([
      'tokens_gateway_cache_entries{cache="documents"} 4',
      'tokens_gateway_cache_entries{cache="compiled"} 4',
    ]);
    await small.close();
  });
});

function nested(levels: number): object {
  return levels === 0 ? {} : { more: nested(levels - 1) };
}
