import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSchema, readTypeDefs } from '../../src/graphql/schema.ts';
import { type Answer, type Gateway, startGateway } from '../support/gateway.ts';
import { createRandom, readSeed } from '../support/random.ts';
import { createRandomOperations } from '../support/random-operation.ts';

const FAULTS =
  'status-401 status-403 status-404 status-500 429-86400 leak badjson 204 null wrongtype missing nullfields unknown-enum wrong-id redirect-302'.split(
    ' ',
  );
const CREATE = `mutation ($input: CreateTokenInput!, $name: String!) {
  a: createToken(input: $input) { token { name authenticationMethod { type } } userErrors { code field } }
  b: createToken(input: { name: $name, authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://a.example/jwks" } } }) {
    token { name authenticationMethod { type signingAlgorithm } } userErrors { code field } }
  c: deleteToken(input: { id: "fault-status-500" }) { deletedTokenId userErrors { code } } }`;

let interpreted: Gateway;
let compiled: Gateway;
beforeAll(async () => {
  interpreted = await startGateway({ env: { MAX_COMPILED_OPERATIONS: '0', UPSTREAM_RETRIES: '0' } });
  compiled = await startGateway({
    env: { COMPILE_AFTER: '0', UPSTREAM_RETRIES: '0' },
    emulatorOf: interpreted,
  });
});
afterAll(async () => {
  await compiled.close();
  await interpreted.close();
});

/** Errors come in the order in which things failed, and traces have a new id each time. */
function comparable({ status, data, errors = [] }: Answer): object {
  const lines = errors.map((error) => JSON.stringify(error).replace(/"traceId":"[^"]+"/, '"traceId":"…"'));
  return { status, data, errors: lines.sort() };
}

async function expectSame(document: string, variables: object): Promise<object> {
  const expected = comparable(await interpreted.query(document, variables));
  expect({ document, ...comparable(await compiled.query(document, variables)) }).toEqual({
    document,
    ...expected,
  });
  return expected;
}

describe('A compiled operation answers what an interpreted one does', () => {
  it('for 200 random queries, many of which fail in part', async () => {
    const random = createRandom(readSeed('EXECUTORS_SEED'));
    const ids = interpreted.emulator.tokensOf('demo').map(({ id }) => id);
    const next = createRandomOperations(createSchema(readTypeDefs()), random, {
      mutations: 0,
      maxFields: 25,
      suggest(type, name) {
        if (type.name === 'ID')
          return random.chance(0.4)
            ? `fault-${random.pick(FAULTS)}`
            : random.pick([...ids.slice(0, 9), '..']);
        return name === 'first' ? random.pick([0, 1, 2, 5, -1, 101]) : undefined;
      },
    });
    let failed = 0;
    for (let index = 0; index < 200; index++) {
      const { document, variables } = next();
      if (JSON.stringify(await expectSame(document, variables)).includes('extensions')) failed++;
    }
    expect(failed).toBeGreaterThan(20);
    expect(failed).toBeLessThan(180);
  });

  it.each(['nullfields', 'wrongtype', 'missing', 'unknown-enum', 'badjson', 'leak-403'])(
    'for a list whose items are broken (%s)',
    async (fault) => {
      interpreted.emulator.faults.add({ fault });
      await expectSame(
        '{ tokens(first: 3) { edges { cursor node { id name projects { edges { node { name } policy { statements { actions } } } } } } pageInfo { hasNextPage } } }',
        {},
      );
      interpreted.emulator.faults.clear();
    },
  );

  it('for writes, with the defaults of their input', async () => {
    const input = {
      name: 'from a variable',
      authenticationMethod: {
        signingAlgorithm: 'ES256',
        publicKeyInfo: { jwksUri: 'https://a.example/jwks' },
      },
    };
    expect(await expectSame(CREATE, { input, name: 'from a literal' })).toMatchObject({
      data: {
        a: { token: { name: 'from a variable', authenticationMethod: { type: 'PRIVATE_KEY' } } },
        b: { token: { name: 'from a literal', authenticationMethod: { type: 'PRIVATE_KEY' } } },
        c: null,
      },
    });
    await expectSame(CREATE, { input: { ...input, name: 'x' }, name: '' });
  });

  it('for variables with defaults, absent, and null', async () => {
    const document =
      'query ($first: Int = 2, $on: Boolean = true) { tokens(first: $first) @include(if: $on) { nodes { id } } }';
    for (const variables of [{}, { first: 1 }, { first: null }, { on: false }]) {
      await expectSame(document, variables);
    }
  });
});

describe('An operation that is sent again', () => {
  let gateway: Gateway;
  let ids: string[];
  beforeAll(async () => {
    gateway = await startGateway({ env: { COMPILE_AFTER: '1', FEDERATION: 'true' } });
    ids = gateway.emulator.tokensOf('demo').map(({ id }) => id);
  });
  afterAll(() => gateway.close());

  const sendThreeTimes = async (document: string, variables: object) => {
    const texts: string[] = [];
    for (let count = 0; count < 3; count++) texts.push((await gateway.query(document, variables)).text);
    return texts;
  };

  it('is answered the same when it was compiled', async () => {
    const answers = [1, 2, 3].map(() => gateway.query('{ tokens(first: 1) { nodes { name } } }'));
    for (const { data } of await Promise.all(answers))
      expect(data).toEqual({ tokens: { nodes: [{ name: 'billing-worker' }] } });
  });

  it('never runs text of a client as a program', async () => {
    const marker = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d';
    for (const where of ['token(id: "TEXT") { id }', 'tokens(after: "TEXT") { nodes { id } }']) {
      const text = `${marker}(globalThis.programOfAClient = true)`;
      const [first, ...others] = await sendThreeTimes(`{ ${where.replace('TEXT', text)} }`, {});
      expect(others).toEqual([first, first]);
    }
    expect(globalThis).not.toHaveProperty('programOfAClient');
  });

  it.each([
    ['__proto__', '{ __proto__: __typename token(id: "1") { __proto__: name } }'],
    ['constructor', '{ constructor: __typename tokens(first: 1) { constructor: nodes { toString: name } } }'],
  ])('keeps a member that is named %s', async (name, document) => {
    const [first, ...others] = await sendThreeTimes(document, {});
    expect(first).toContain(`"${name}":"Query"`);
    expect(others).toEqual([first, first]);
  });

  it.each([
    ['query ($toString: Int) { tokens(first: $toString) { nodes { id } } }', 20],
    ['query ($__proto__: Int = 3) { tokens(first: $__proto__) { nodes { id } } }', 3],
    ['query ($valueOf: Int = 4) { tokens(first: $valueOf) { nodes { id } } }', 4],
  ])('takes an absent variable for absent, whatever its name: %s', async (document, length) => {
    for (const text of await sendThreeTimes(document, {}))
      expect(JSON.parse(text).data.tokens.nodes).toHaveLength(length);
  });

  it('leaves out what an absent variable in its input leaves out', async () => {
    const document = `mutation ($id: ID!, $name: String, $m: UpdateTokenAuthenticationMethodInput) {
      updateToken(input: { id: $id, name: $name, authenticationMethod: $m }) { token { name } userErrors { code } } }`;
    for (const text of await sendThreeTimes(document, { id: ids[0], name: 'renamed' }))
      expect(JSON.parse(text)).toEqual({
        data: { updateToken: { token: { name: 'renamed' }, userErrors: [] } },
      });
  });

  it('finds the entity of a variable inside a list', async () => {
    const document =
      'query ($i: ID) { _entities(representations: [{ __typename: "Token", id: $i }]) { ... on Token { id } } }';
    for (const text of await sendThreeTimes(document, { i: ids[1] }))
      expect(JSON.parse(text)).toEqual({ data: { _entities: [{ id: ids[1] }] } });
    const [first, ...others] = await sendThreeTimes(document, {});
    expect(JSON.parse(first ?? '').errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(others).toEqual([first, first]);
  });

  it('reports one error for each field that became null', async () => {
    gateway.emulator.faults.add({ fault: 'status-500' });
    const document = `query ($first: Int) { tokens(first: $first) {
      a: pageInfo { x: hasNextPage y: hasNextPage } b: pageInfo { hasNextPage } } }`;
    for (const text of await sendThreeTimes(document, { first: 0 })) {
      const { data, errors } = JSON.parse(text);
      expect(data).toEqual({ tokens: null });
      expect(errors.map(({ path }: { path: string[] }) => path)).toEqual([['tokens', 'a', 'x']]);
    }
    gateway.emulator.faults.clear();
  });

  it('starts nothing after a root field that makes the whole answer null', async () => {
    const document = `query ($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: token(id: "..") { id } }`;
    for (const text of await sendThreeTimes(document, { ids: Array(101).fill('x') })) {
      const { data, errors } = JSON.parse(text);
      expect(data).toBeNull();
      expect(errors.map(({ path }: { path: string[] }) => path)).toEqual([['a']]);
    }
  });
});
