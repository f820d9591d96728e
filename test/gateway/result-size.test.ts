import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type ListApi, startListApi } from '../support/list-api.ts';

const MAX_RESPONSE = 524_288;
const MAX = 16 * MAX_RESPONSE;
const KEY = JSON.stringify({
  kty: 'RSA',
  kid: 'key',
  alg: 'RS256',
  use: 'sig',
  n: 'n'.repeat(500),
  e: 'AQAB',
});
const KEYS = 'authenticationMethod { publicKeyInfo { ... on JsonWebKeySet { keys { kid n } } } }';
const tooLarge = {
  message: expect.stringMatching(
    /^Expected at most 8388608 characters from the IAM API in the response, got \d+\.$/,
  ),
  extensions: { code: 'OPERATION_LIMIT_EXCEEDED', limit: 'resultCharacters', max: MAX },
};
const repeat = (count: number, fieldOf: (index: number) => string) =>
  `{ ${Array.from({ length: count }, (_, index) => fieldOf(index)).join(' ')} }`;

let api: ListApi;
let gateway: Gateway;
beforeAll(async () => {
  api = await startListApi();
  gateway = await startGateway({
    apiGatewayUrl: api.url,
    env: { UPSTREAM_MAX_RESPONSE_BYTES: String(MAX_RESPONSE) },
  });
});
afterAll(async () => {
  await gateway.close();
  await api.close();
});
beforeEach(() => {
  api.tokens = ['t1'];
  api.projects = [];
  api.change = (text) => text;
});

/** Interpreted at first, compiled from the second request on. */
async function requestThreeTimes(query: string, variables?: object) {
  const first = await gateway.query(query, variables);
  for (let count = 0; count < 2; count++) {
    const { data, errors } = await gateway.query(query, variables);
    expect({ data, errors }).toEqual({ data: first.data, errors: first.errors });
  }
  return first;
}

describe('A response has at most sixteen of the largest responses of IAM, also where it repeats one', () => {
  const name = 'n'.repeat(500_000);
  const isThere = (values: readonly unknown[]) => values.map((value) => value !== null);
  const firstSixteen = (count: number) => Array.from({ length: count }, (_, at) => at < 16);
  beforeEach(() => {
    api.change = (text) => text.replaceAll('token t1', name).replaceAll('project p1', name);
  });

  it.each([
    ['a token under twenty aliases', repeat(20, (at) => `a${at}: token(id: "t1") { id }`)],
    ['a list under twenty aliases', repeat(20, (at) => `a${at}: tokens { nodes { id } }`)],
  ])('%s: the first sixteen are there', async (_title, query) => {
    const { data, errors } = await requestThreeTimes(query);
    expect(isThere(Object.values(data))).toEqual(firstSixteen(20));
    expect(errors).toMatchObject(Array(4).fill(tooLarge));
  });

  it('a token whose id is given a hundred times: the first sixteen are there', async () => {
    const { data, errors } = await requestThreeTimes(`{ nodes(ids: [${'"t1" '.repeat(100)}]) { id } }`);
    expect(isThere(data.nodes)).toEqual(firstSixteen(100));
    expect(errors).toMatchObject(Array(84).fill(tooLarge));
  });

  it('the projects of a token under twenty aliases: the first sixteen are there', async () => {
    api.projects = ['p1'];
    api.change = (text) => text.replaceAll('project p1', name);
    const aliases = repeat(20, (at) => `a${at}: projects { nodes { id } }`);
    const { data, errors } = await requestThreeTimes(`{ token(id: "t1") ${aliases} }`);
    expect(isThere(Object.values(data.token))).toEqual(firstSixteen(20));
    expect(errors).toMatchObject(Array(4).fill(tooLarge));
  });

  it('what is left out does not take the place of what fits', async () => {
    api.tokens = ['t1', 't2'];
    const aliases = repeat(20, (at) => `a${at}: token(id: "${at < 19 ? 't1' : 't2'}") { name }`);
    const { data } = await requestThreeTimes(aliases);
    expect(data).toMatchObject({ a16: null, a18: null, a19: { name: 'token t2' } });
  });

  it('a text under more aliases than fit is left out with its token', async () => {
    const named = (count: number) => `{ token(id: "t1") ${repeat(count, (at) => `a${at}: name`)} }`;
    const fitting = await requestThreeTimes(named(16));
    expect(Object.values(fitting.data.token).map((value) => value === name)).toEqual(Array(16).fill(true));
    const { data, errors } = await requestThreeTimes(named(17));
    expect(data).toEqual({ token: null });
    expect(errors).toMatchObject([{ ...tooLarge, path: ['token'] }]);
  });

  it('eight copies of a token fit, also beside a list that fails in two fields', async () => {
    api.change = (text) => text.replaceAll('token t1', name).replace('"tokens":', '"others":');
    const aliases = repeat(8, (at) => `a${at}: token(id: $id) { id }`).slice(1, -1);
    const list = 'tokens(first: 0) { a: pageInfo { hasNextPage } b: pageInfo { hasNextPage } }';
    const query = `query ($id: ID!) { ${aliases} ${list} }`;
    const { data, errors } = await requestThreeTimes(query, { id: 't1' });
    const { tokens, ...found } = data;
    expect(isThere(Object.values(found))).toEqual(Array(8).fill(true));
    expect({ tokens, errors }).toMatchObject({
      tokens: null,
      errors: [{ path: ['tokens', 'a', 'hasNextPage'] }],
    });
  });

  it('items that are listed as edges and as nodes count twice', async () => {
    const listed = (edges: number) =>
      `{ tokens(first: 1) { ${repeat(edges, (at) => `e${at}: edges { node { name } }`).slice(1, -1)} ${repeat(8, (at) => `n${at}: nodes { name }`).slice(1, -1)} } }`;
    expect((await requestThreeTimes(listed(8))).data.tokens.n7).toEqual([{ name }]);
    const { data, errors } = await requestThreeTimes(listed(9));
    expect(data).toEqual({ tokens: null });
    expect(errors).toMatchObject([{ ...tooLarge, path: ['tokens'] }]);
  });

  it('a text that merged fields select is there once, so it counts once', async () => {
    const fragment = 'fragment named on Token { name projects { nodes { name } } ...again }';
    const again = 'fragment again on Token { name projects { edges { node { name } } nodes { name } } }';
    const query = `{ token(id: "t1") { ${'name projects { nodes { name } } '.repeat(17)} ...named } } ${fragment} ${again}`;
    const { data, errors } = await requestThreeTimes(query);
    expect(errors).toBeUndefined();
    expect(data.token.name).toBe(name);
  });

  it('and the same in nested objects and fragments, under aliases at each level', async () => {
    api.change = (text) => text.replaceAll(/"keys":\[.*?\]/g, `"keys":[${Array(800).fill(KEY)}]`);
    const keys = repeat(5, (at) => `k${at}: keys { kid n }`);
    const methods = repeat(5, (at) => `m${at}: authenticationMethod { publicKeyInfo { ...keys } }`);
    const query = `{ token(id: "t1") ${methods} } fragment keys on JsonWebKeySet ${keys}`;
    const { data, errors } = await requestThreeTimes(query);
    expect(data).toEqual({ token: null });
    expect(errors).toMatchObject([{ ...tooLarge, path: ['token'] }]);
  });
});

it('A token of 200 KB that would be there 2900 times is there 29 times', async () => {
  const scope = `"${'s'.repeat(397)}"`;
  api.change = (text) => text.replaceAll(/"scopes":\[.*?\]/g, `"scopes":[${Array(500).fill(scope)}]`);
  const scopes = repeat(29, (at) => `a${at}: scopes`);
  const { data, errors } = await gateway.query(
    `{ nodes(ids: [${'"t1" '.repeat(100)}]) { ... on Token ${scopes} } }`,
  );
  expect(data.nodes.filter((node: unknown) => node !== null)).toHaveLength(1);
  expect(errors).toMatchObject(Array(99).fill(tooLarge));
});

it('With the default settings, a page of a hundred tokens with three keys each can be requested twenty times', async () => {
  const usual = await startGateway({ apiGatewayUrl: api.url });
  api.tokens = Array.from({ length: 100 }, (_, at) => `t${at}`);
  api.change = (text) => text.replaceAll(/"keys":\[.*?\]/g, `"keys":[${Array(3).fill(KEY)}]`);
  const query = repeat(20, (at) => `a${at}: tokens(first: 100) { nodes { id name ${KEYS} } }`);
  const { data, errors } = await usual.query(query);
  await usual.close();
  expect(errors).toBeUndefined();
  expect(Object.values(data)).toHaveLength(20);
});
