import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Gateway, shareGateway, startGateway } from '../support/gateway.ts';
import { type ListApi, startListApi } from '../support/list-api.ts';
import { together } from '../support/together.ts';
import { until } from '../support/until.ts';

const MAX_RESPONSE = 524_288;
const MAX = 4 * MAX_RESPONSE;
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
    /^Expected at most 2097152 characters from the IAM API in the response, got \d+\.$/,
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

describe('A response has at most four of the largest responses of IAM, also where it repeats one', () => {
  const name = 'n'.repeat(500_000);
  const isThere = (values: readonly unknown[]) => values.map((value) => value !== null);
  const firstFour = (count: number) => Array.from({ length: count }, (_, at) => at < 4);
  beforeEach(() => {
    api.change = (text) => text.replaceAll('token t1', name).replaceAll('project p1', name);
  });

  it.each([
    ['a token under twenty aliases', repeat(20, (at) => `a${at}: token(id: "t1") { id }`)],
    ['a list under twenty aliases', repeat(20, (at) => `a${at}: tokens { nodes { id } }`)],
  ])('%s: the first four are there', async (_title, query) => {
    const { data, errors } = await requestThreeTimes(query);
    expect(isThere(Object.values(data))).toEqual(firstFour(20));
    expect(errors).toMatchObject(Array(16).fill(tooLarge));
  });

  it('a token whose id is given a hundred times: the first four are there', async () => {
    const { data, errors } = await requestThreeTimes(`{ nodes(ids: [${'"t1" '.repeat(100)}]) { id } }`);
    expect(isThere(data.nodes)).toEqual(firstFour(100));
    expect(errors).toMatchObject(Array(96).fill(tooLarge));
  });

  it('the projects of a token under twenty aliases: the first four are there', async () => {
    api.projects = ['p1'];
    api.change = (text) => text.replaceAll('project p1', name);
    const aliases = repeat(20, (at) => `a${at}: projects { nodes { id } }`);
    const { data, errors } = await requestThreeTimes(`{ token(id: "t1") ${aliases} }`);
    expect(isThere(Object.values(data.token))).toEqual(firstFour(20));
    expect(errors).toMatchObject(Array(16).fill(tooLarge));
  });

  it('what is left out does not take the place of what fits', async () => {
    api.tokens = ['t1', 't2'];
    const aliases = repeat(20, (at) => `a${at}: token(id: "${at < 19 ? 't1' : 't2'}") { name }`);
    const { data } = await requestThreeTimes(aliases);
    expect(data).toMatchObject({ a4: null, a18: null, a19: { name: 'token t2' } });
  });

  it('a text under more aliases than fit is left out with its token', async () => {
    const named = (count: number) => `{ token(id: "t1") ${repeat(count, (at) => `a${at}: name`)} }`;
    const fitting = await requestThreeTimes(named(4));
    expect(Object.values(fitting.data.token).map((value) => value === name)).toEqual(Array(4).fill(true));
    const { data, errors } = await requestThreeTimes(named(5));
    expect(data).toEqual({ token: null });
    expect(errors).toMatchObject([{ ...tooLarge, path: ['token'] }]);
  });

  it('two copies of a token fit, also beside a list that fails in two fields', async () => {
    api.change = (text) => text.replaceAll('token t1', name).replace('"tokens":', '"others":');
    const aliases = repeat(2, (at) => `a${at}: token(id: $id) { id }`).slice(1, -1);
    const list = 'tokens(first: 0) { a: pageInfo { hasNextPage } b: pageInfo { hasNextPage } }';
    const query = `query ($id: ID!) { ${aliases} ${list} }`;
    const { data, errors } = await requestThreeTimes(query, { id: 't1' });
    const { tokens, ...found } = data;
    expect(isThere(Object.values(found))).toEqual(Array(2).fill(true));
    expect({ tokens, errors }).toMatchObject({
      tokens: null,
      errors: [{ path: ['tokens', 'a', 'hasNextPage'] }],
    });
  });

  it('items that are listed as edges and as nodes count twice', async () => {
    const listed = (edges: number) =>
      `{ tokens(first: 1) { ${repeat(edges, (at) => `e${at}: edges { node { name } }`).slice(1, -1)} ${repeat(2, (at) => `n${at}: nodes { name }`).slice(1, -1)} } }`;
    expect((await requestThreeTimes(listed(2))).data.tokens.n1).toEqual([{ name }]);
    const { data, errors } = await requestThreeTimes(listed(3));
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

it('A token of 200 KB that would be there 900 times is there 9 times', async () => {
  const scope = `"${'s'.repeat(397)}"`;
  api.change = (text) => text.replaceAll(/"scopes":\[.*?\]/g, `"scopes":[${Array(500).fill(scope)}]`);
  const scopes = repeat(9, (at) => `a${at}: scopes`);
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

describe('Large responses that are requested at once', () => {
  const limited = shareGateway({
    env: { ADMIN_PORT: '0', UPSTREAM_MAX_RESPONSE_BYTES: '262144' },
    emulator: {
      seed: { principals: { demo: { tokens: [{ id: 't1', scopes: Array(600).fill('s'.repeat(397)) }] } } },
    },
  });
  const large = Array.from({ length: 9 }, (_, at) =>
    repeat(4, (copy) => `a${at}_${copy}: token(id: "t1") { scopes }`),
  );
  const isWhole = ({ errors }: Answer) => errors === undefined;

  it('are not all made: some have all fields, and fields of the others say when to try again', async () => {
    const answers = await together(
      limited,
      large.map((query) => () => limited.query(query)),
    );
    const errors = answers.flatMap((answer) => answer.errors ?? []);
    expect(answers.some(isWhole)).toBe(true);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors).toMatchObject(errors.map(() => ({ extensions: { code: 'OVERLOADED', retryAfter: 1 } })));
  });

  it('do not affect a small one', async () => {
    const answers = await together(limited, [
      ...large.map((query) => () => limited.query(query)),
      () => limited.query('{ tokens(first: 1) { pageInfo { hasNextPage } } small: token(id: "t2") { id } }'),
    ]);
    expect(answers.at(-1)?.data).toEqual({ tokens: { pageInfo: { hasNextPage: false } }, small: null });
  });

  it('leave time for other requests between them', async () => {
    const queries = Array.from({ length: 20 }, (_, at) => `{ a${at}: tokens { nodes { scopes } } }`);
    const countMade = () => limited.linesWith('"msg":"operation"').length;
    const before = countMade();
    const all = together(
      limited,
      queries.map((query) => () => limited.query(query)),
    );
    await until(() => countMade() > before, 0);
    await fetch(`${limited.origin}/livez`);
    expect(countMade()).toBeLessThan(before + queries.length);
    expect((await all).every(isWhole)).toBe(true);
  });

  it('are complete one after the other, however often', async () => {
    for (const query of [...large, ...large]) expect(isWhole(await limited.query(query))).toBe(true);
  });
});
