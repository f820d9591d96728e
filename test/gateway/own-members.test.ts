import { beforeAll, describe, expect, it } from '@jest/globals';
import { post, shareGateway } from '../support/gateway.ts';
import { startReference } from '../support/reference-server.ts';
import { share } from '../support/share.ts';

/** Names that every JavaScript object has, or that change what it inherits from. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
const AUTHORIZATION = { authorization: 'Bearer demo' };
const ENTITIES =
  'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Token { id name } } tokens(first: 1) { nodes { id } } }';
const CREATE = `mutation ($input: CreateTokenInput!) {
  createToken(input: $input) { token { name } userErrors { code field message } } }`;

const gateway = shareGateway({ env: { FEDERATION: 'true' } });
const reference = share(() => startReference(gateway.emulator.url, { FEDERATION: 'true' }));
let id: string;
beforeAll(() => {
  id = gateway.emulator.tokensOf('demo')[0]?.id ?? '';
});

/** The variables as JSON text, because an object literal takes `__proto__` for its own. */
const byPost = (query: string, variables: string) =>
  post(gateway.url, `{"query":${JSON.stringify(query)},"variables":${variables}}`, AUTHORIZATION);

async function byGet(query: string, variables: string) {
  const search = new URLSearchParams({ query, variables });
  const response = await fetch(`${gateway.url}?${search}`, {
    headers: { ...AUTHORIZATION, 'apollo-require-preflight': '1' },
  });
  return JSON.parse(await response.text());
}

const byReference = (query: string, variables: string) =>
  post(reference.url, `{"query":${JSON.stringify(query)},"variables":${variables}}`, AUTHORIZATION);

/** Data and messages, twice by POST and twice by GET, which must all be equal: interpreted at first, then compiled. */
async function askFourTimes(query: string, variables: string) {
  const results: { data: unknown; errors?: { message: string; extensions: { code: string } }[] }[] = [];
  for (let count = 0; count < 2; count++) {
    results.push(JSON.parse((await byPost(query, variables)).text), await byGet(query, variables));
  }
  const [first] = results;
  expect(results).toEqual(Array(4).fill(first));
  return first;
}

describe.each(NAMES)('A variable or a member named %s is like any other', (name) => {
  const key = JSON.stringify(name);

  it('as a variable', async () => {
    const query = `query ($${name}: Int) { tokens(first: $${name}) { nodes { id } } }`;
    for (const variables of [`{${key}:2}`, `{${key}:0}`, `{${key}:null}`, '{}']) {
      const { data } = await byReference(query, variables);
      expect((await askFourTimes(query, variables))?.data).toEqual(data);
    }
  });

  it('as a variable inside of the input of another type', async () => {
    const query = `query ($${name}: ID!, $r: [_Any!]!) { token(id: $${name}) { id } _entities(representations: $r) { ... on Token { id } } }`;
    const variables = `{${key}:${JSON.stringify(id)},"r":[{"__typename":"Token","id":${JSON.stringify(id)}}]}`;
    const { data } = await byReference(query, variables);
    expect(data).toEqual({ token: { id }, _entities: [{ id }] });
    expect((await askFourTimes(query, variables))?.data).toEqual(data);
  });

  it('as a variable that the operation does not have', async () => {
    const query = '{ tokens(first: 1) { nodes { id } } }';
    const variables = `{${key}:{"first":100,"query":"{ __typename }"}}`;
    expect((await askFourTimes(query, variables))?.data).toEqual({ tokens: { nodes: [{ id }] } });
  });

  it('as a member of an input that does not define it', async () => {
    const jwks = `{"keys":[{${key}:{"kty":"RSA"}}]}`;
    for (const input of [
      `{"name":"billing-worker",${key}:{"name":"x"}}`,
      `{${key}:{"name":"billing-worker","authenticationMethod":{}}}`,
      `{"name":"billing-worker","authenticationMethod":{"signingAlgorithm":"RS256","publicKeyInfo":{"jwks":${jwks}}}}`,
    ]) {
      gateway.forgetCalls();
      const { errors: expected } = await byReference(CREATE, `{"input":${input}}`);
      expect(expected).toBeDefined();
      for (let count = 0; count < 3; count++) {
        const { errors } = await byPost(CREATE, `{"input":${input}}`);
        expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
        expect(errors?.[0]?.message).toMatch(/is not a member of \w+Input/);
      }
      expect(gateway.calls()).toEqual([]);
    }
  });

  it('as the value for a scalar or an enum', async () => {
    for (const [query, value] of [
      ['query ($v: ID!) { token(id: $v) { id } }', `{${key}:"x"}`],
      ['query ($v: Int) { tokens(first: $v) { nodes { id } } }', `{${key}:1}`],
      ['query ($v: String) { tokens(after: $v) { nodes { id } } }', `[{${key}:[]}]`],
    ] as const) {
      const result = await askFourTimes(query, `{"v":${value}}`);
      expect(result?.errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('as a name where an enum has values', async () => {
    const input = `{"name":"billing-worker","authenticationMethod":{"signingAlgorithm":${key},"publicKeyInfo":{"jwksUri":"https://a.example/"}}}`;
    const { errors } = await byPost(CREATE, `{"input":${input}}`);
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('as a member of a value of any form', async () => {
    const members = `"__typename":"Token","id":${JSON.stringify(id)}`;
    for (const representation of [`{${members},${key}:{"id":"other"}}`, `{${key}:{${members}}}`]) {
      const { data } = await byReference(ENTITIES, `{"r":[${representation}]}`);
      expect((await askFourTimes(ENTITIES, `{"r":[${representation}]}`))?.data).toEqual(data);
    }
  });

  it('as a member of the request and of its extensions', async () => {
    const query = '"query":"{ __typename }"';
    for (const body of [
      `{${query},${key}:{"variables":1}}`,
      `{${query},"extensions":{${key}:{"persistedQuery":{"version":1,"sha256Hash":"x"}}}}`,
      `{${query},"extensions":{"other":{${key}:1}},"variables":{${key}:{${key}:1}}}`,
    ])
      expect(JSON.parse((await post(gateway.url, body, AUTHORIZATION)).text)).toEqual({
        data: { __typename: 'Query' },
      });
    const { errors } = await post(gateway.url, `{${key}:{${query}}}`, AUTHORIZATION);
    expect(errors?.[0]?.extensions.code).toBe('BAD_REQUEST');
  });

  it('and is counted with the values of variables', async () => {
    const many = Array(2001).fill('1').join(',');
    const { errors } = await byPost(
      'query ($v: [ID!]!) { nodes(ids: $v) { id } }',
      `{"v":[],${key}:[${many}]}`,
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'OPERATION_LIMIT_EXCEEDED',
      limit: 'variableValues',
    });
  });

  it('and equal requests that differ in it are not coalesced', async () => {
    gateway.emulator.faults.add({ fault: 'latency-150' });
    const other = gateway.emulator.tokensOf('demo')[1]?.id ?? '';
    const query = `query ($${name}: ID!) { token(id: $${name}) { id } }`;
    const answers = await Promise.all(
      [id, other, id].map((each) => byPost(query, `{${key}:${JSON.stringify(each)}}`)),
    );
    gateway.emulator.faults.clear();
    expect(answers.map(({ data }) => data)).toEqual([id, other, id].map((each) => ({ token: { id: each } })));
  });
});

describe('An idempotency key', () => {
  it('is the same for an input with such a member, which creates nothing', async () => {
    const create = (extra: string) =>
      byPost(
        CREATE,
        `{"input":{"name":"once","idempotencyKey":"own-members","authenticationMethod":{"signingAlgorithm":"RS256","publicKeyInfo":{"jwksUri":"https://a.example/jwks"}}${extra}}}`,
      );
    expect((await create(',"__proto__":{"name":"twice"}')).errors?.[0]?.extensions.code).toBe(
      'BAD_USER_INPUT',
    );
    expect((await create('')).data.createToken.token).toEqual({ name: 'once' });
    expect((await create('')).data.createToken.token).toEqual({ name: 'once' });
    const once = gateway.emulator.tokensOf('demo').filter((token) => token.name === 'once');
    expect(once).toHaveLength(1);
  });
});
