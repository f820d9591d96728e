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

describe('An operation', () => {
  it('is compiled when it comes for the second time, and answers the same', async () => {
    const gateway = await startGateway({ env: { COMPILE_AFTER: '1', MAX_COMPILED_OPERATIONS: '10' } });
    const answers = [1, 2, 3].map(() => gateway.query('{ tokens(first: 1) { nodes { name } } }'));
    for (const { data } of await Promise.all(answers))
      expect(data).toEqual({ tokens: { nodes: [{ name: 'billing-worker' }] } });
    await gateway.close();
  });
});
