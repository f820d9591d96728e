import { describe, expect, it } from '@jest/globals';
import { post, shareGateway, startGateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';
import { many } from '../support/many.ts';
import { startStopwatch } from '../support/stopwatch.ts';

const CREATE = `mutation ($input: CreateTokenInput!) {
  createToken(input: $input) { token { id } userErrors { code field message } } }`;
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
const TOKEN = 'query ($id: ID!) { token(id: $id) { id name } }';
const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on Token { id } } }`;

const gateway = shareGateway({ env: { FEDERATION: 'true' } });

const members = (count: number) => Object.fromEntries(many(count, (index) => [`member${index}`, 1]));
const withKeys = (keys: unknown) => ({
  input: {
    name: 'billing-worker',
    authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwks: { keys } } },
  },
});
const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)]);

describe('Variables that do not fit cost little more than reading them', () => {
  it.each<[string, string, object, string]>([
    [
      '8000 unknown members',
      CREATE,
      { input: { ...withKeys([]).input, ...members(8000) } },
      'variableValues',
    ],
    ['80 000 keys without members', CREATE, withKeys(many(80_000, () => ({}))), 'variableValues'],
    ['85 000 lists for ids', NODES, { ids: many(85_000, () => []) }, 'variableValues'],
    ['25 000 ids', NODES, { ids: many(25_000, String) }, 'variableValues'],
    ['10 000 entities', ENTITIES, { representations: many(10_000, () => ({})) }, 'variableValues'],
    ['100 lists, each within 31 others', NODES, { ids: many(100, () => nested(30)) }, 'variableValues'],
    ['lists within lists', NODES, { ids: nested(60) }, 'variableDepth'],
    ['many variables that the operation does not have', TOKEN, { id: 'x', ...members(15_000) }, 'variables'],
  ])('%s are rejected', async (_title, document, variables, limit) => {
    const stopStopwatch = startStopwatch();
    for (const authorization of ['Bearer demo', '']) {
      const { errors, text } = await gateway.query(document, variables, { authorization });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'OPERATION_LIMIT_EXCEEDED', limit });
      expect(text.length).toBeLessThan(1000);
    }
    expect(stopStopwatch()).toBeLessThan(3000);
    expect(gateway.calls()).toEqual([]);
  });

  it.each<[string, string, object]>([
    ['1900 unknown members', CREATE, { input: members(1900) }],
    ['1900 keys without members', CREATE, withKeys(many(1900, () => ({})))],
    ['140 lists for ids', NODES, { ids: many(140, () => []) }],
    [
      'an object of 1900 members for a text',
      CREATE,
      { input: { ...withKeys([]).input, name: members(1900) } },
    ],
    [
      'a text of 200 000 characters for an enum',
      CREATE,
      { input: { name: 'x', authenticationMethod: { signingAlgorithm: 'x'.repeat(200_000) } } },
    ],
  ])('and at most five problems are described: %s', async (_title, document, variables) => {
    const { errors, text } = await gateway.query(document, variables);
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors?.[0]?.message.split(/\.(?= Variable|$)/).length).toBeLessThanOrEqual(6);
    expect(text.length).toBeLessThan(1000);
    expect(gateway.calls()).toEqual([]);
  });

  it('and a whole request of 20 tokens with 10 keys each is not too large', async () => {
    const names = many(20, (index) => `i${index}`);
    const document = `mutation (${names.map((name) => `$${name}: CreateTokenInput!`).join(', ')}) {
      ${names.map((name) => `${name}: createToken(input: $${name}) { userErrors { code } }`).join(' ')} }`;
    const { input } = withKeys(many(10, () => RSA_JWK));
    const { status, errors } = await gateway.query(
      document,
      Object.fromEntries(names.map((name) => [name, { ...input, name: '' }])),
    );
    expect({ status, errors }).toEqual({ status: 200, errors: undefined });
  });

  it('and values elsewhere in a request are not counted as those of variables', async () => {
    const body = { query: '{ __typename }', extensions: { other: members(3000) } };
    expect(await post(gateway.url, body, {})).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  });

  it('and MAX_VARIABLE_VALUES says how many values there may be', async () => {
    const small = await startGateway({ env: { MAX_VARIABLE_VALUES: '3' }, emulatorOf: gateway });
    const answers = [
      await small.query(NODES, { ids: ['..', '..', '..'] }),
      await small.query(NODES, { ids: ['..', '..', '..', '..'] }),
    ];
    await small.close();
    expect(answers.map(({ errors }) => errors?.[0]?.extensions)).toEqual([
      undefined,
      { code: 'OPERATION_LIMIT_EXCEEDED', limit: 'variableValues', actual: 4, max: 3 },
    ]);
  });
});

describe('Each problem says where it is', () => {
  it.each<[string, object]>([
    ['Variable "$ids.1" must be of type "ID".', { ids: ['x', {}] }],
    ['Variable "$ids.0" must be of type "ID!".', { ids: [null] }],
    ['Variable "$ids" must be of type "[ID!]!".', { ids: null }],
    ['Variable "$ids" of required type "[ID!]!" was not provided.', {}],
  ])('by its path: %s', async (message, variables) => {
    expect((await gateway.query(NODES, variables)).errors?.[0]?.message).toBe(message);
  });

  it('also each of several members that are missing', async () => {
    const { errors } = await gateway.query(CREATE, withKeys([{ kid: '1' }]));
    const place = 'Variable "$input.authenticationMethod.publicKeyInfo.jwks.keys.0"';
    expect(errors?.[0]?.message).toBe(`${place} needs the member "alg". ${place} needs the member "kty".`);
  });

  it('and a list is no input object', async () => {
    const document = `mutation ($m: UpdateTokenAuthenticationMethodInput) {
      updateToken(input: { id: "x", authenticationMethod: $m }) { userErrors { code } } }`;
    const { errors } = await gateway.query(document, { m: [] });
    expect(errors?.[0]?.message).toBe(
      'Variable "$m" must be of type "UpdateTokenAuthenticationMethodInput".',
    );
  });
});

describe('A number is an id only if it is certain to be the number that was sent', () => {
  const ask = (document: string, variables: string) =>
    post(gateway.url, `{ "query": ${JSON.stringify(document)}, "variables": ${variables} }`, {
      authorization: 'Bearer demo',
    });
  const DELETE =
    'mutation ($input: DeleteTokenInput!) { deleteToken(input: $input) { userErrors { code } } }';

  it.each([
    ['a variable', TOKEN, '{ "id": 9007199254740993 }', '$id'],
    ['a negative one', TOKEN, '{ "id": -9007199254740993 }', '$id'],
    ['one with a fraction', TOKEN, '{ "id": 1.5 }', '$id'],
    ['one with an exponent', TOKEN, '{ "id": 1e300 }', '$id'],
    ['an item of a list', NODES, '{ "ids": ["x", 12345678901234567890] }', '$ids.1'],
    ['a member', DELETE, '{ "input": { "id": 12345678901234567890 } }', '$input.id'],
  ])('so %s is rejected', async (_title, document, variables, place) => {
    const { errors } = await ask(document, variables);
    expect(errors).toEqual([
      {
        message: `Variable "${place}" must be a string: ids are strings, and this number may not be exact.`,
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(gateway.calls()).toEqual([]);
  });

  it('so the id of an entity is a string', async () => {
    for (const id of ['12', '12345678901234567890']) {
      const { errors } = await ask(
        ENTITIES,
        `{ "representations": [{ "__typename": "Token", "id": ${id} }] }`,
      );
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'representations' });
      expect(errors?.[0]?.message).toContain('string');
    }
    const { errors } = await gateway.query(
      '{ _entities(representations: [{ __typename: "Token", id: 12345678901234567890 }]) { ... on Token { id } } }',
    );
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(gateway.calls()).toEqual([]);
  });

  it('is requested as it was sent if a float holds it exactly', async () => {
    await ask(TOKEN, '{ "id": 9007199254740991 }');
    await ask(NODES, '{ "ids": 12 }');
    expect(gateway.calls()).toEqual(['GET /v1/tokens/9007199254740991', 'GET /v1/tokens/12']);
  });

  it('is requested as it was sent where it stands in the document', async () => {
    for (let count = 0; count < 3; count++) await gateway.query('{ token(id: 12345678901234567890) { id } }');
    await gateway.query('query ($id: ID = 9007199254740993) { node(id: $id) { id } }');
    await gateway.query('mutation { deleteToken(input: { id: 9007199254740993 }) { userErrors { code } } }');
    expect(gateway.calls()).toEqual([
      ...Array(3).fill('GET /v1/tokens/12345678901234567890'),
      'GET /v1/tokens/9007199254740993',
      'DELETE /v1/tokens/9007199254740993',
    ]);
  });
});

const KEYS_AT = (value: string) =>
  `createToken(input: { name: "billing-worker", authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: ${value} } }) { token { id } }`;

describe('A null where none is allowed is the mistake of the client, and the error names the variable', () => {
  it.each<[string, string, object]>([
    ['an argument', 'query ($v: ID = "x") { token(id: $v) { id } }', { v: null }],
    ['an item of a list', 'query ($v: ID = "x") { nodes(ids: ["y", $v]) { id } }', { v: null }],
    ['a list', 'query ($v: [ID!] = ["x"]) { nodes(ids: $v) { id } }', { v: null }],
    [
      'an entity',
      'query ($v: _Any = "x") { _entities(representations: [$v]) { ... on Token { id } } }',
      { v: null },
    ],
    [
      'a member',
      'mutation ($v: ID = "x") { deleteToken(input: { id: $v }) { deletedTokenId } }',
      { v: null },
    ],
    [
      'a member with a default',
      `mutation ($v: String) { ${KEYS_AT('{ jwks: { keys: [{ alg: "RS256", kid: "1", kty: "RSA", use: $v }] } }')} }`,
      { v: null },
    ],
    ['the only member of several', `mutation ($v: String) { ${KEYS_AT('{ jwksUri: $v }')} }`, { v: null }],
    [
      'the only member of several, which is absent',
      `mutation ($v: String) { ${KEYS_AT('{ jwksUri: $v }')} }`,
      {},
    ],
    ['a default of null', `mutation ($v: String = null) { ${KEYS_AT('{ jwksUri: $v }')} }`, {}],
    [
      'an argument below a fragment',
      'query ($v: ID = "x") { ...F } fragment F on Query { ... { token(id: $v) { id } } }',
      { v: null },
    ],
    [
      'the condition of @include',
      'query ($v: Boolean = true) { token(id: "x") { id @include(if: $v) } }',
      { v: null },
    ],
  ])('where it is used as %s', async (_title, document, variables) => {
    for (let count = 0; count < 3; count++) {
      const { errors, data, headers } = await gateway.query(document, variables);
      expect(data).toBeUndefined();
      expect(errors).toEqual([
        { message: expect.stringMatching(/^Variable "\$v" must/), extensions: { code: 'BAD_USER_INPUT' } },
      ]);
      const id = headers.get('x-request-id') ?? '';
      const lines = gateway
        .log()
        .split('\n')
        .filter((line) => line.includes(id));
      expect(lines.filter((line) => /"level":[56]0|INTERNAL_SERVER_ERROR/.test(line))).toEqual([]);
    }
    expect(gateway.calls()).toEqual([]);
  });

  it.each(['include', 'skip'])('also @%s, and without a credential', async (directive) => {
    const document = `query ($v: Boolean = true) { __typename @${directive}(if: $v) }`;
    for (let count = 0; count < 3; count++) {
      const { errors } = await gateway.query(document, { v: null }, { authorization: '' });
      expect(errors).toEqual([
        {
          message: 'Variable "$v" must not be null: it stands where "Boolean!" is expected.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
    }
  });

  it.each(['v', 'toString', '__proto__'])(
    'also beside an @include that leaves the field out ($%s)',
    async (name) => {
      const document = `query ($${name}: Boolean = false) { a: __typename @skip(if: $${name}) @include(if: false) }`;
      for (let count = 0; count < 3; count++) {
        const variables = JSON.parse(`{ "${name}": null }`);
        const { errors } = await gateway.query(document, variables, { authorization: '' });
        expect(errors).toEqual([
          {
            message: `Variable "$${name}" must not be null: it stands where "Boolean!" is expected.`,
            extensions: { code: 'BAD_USER_INPUT' },
          },
        ]);
      }
    },
  );

  it('unless it is left out', async () => {
    const document = `query ($v: Boolean = true, $id: ID = "x", $on: Boolean!) {
      __typename @skip(if: true) @include(if: $v)
      token(id: $id) @include(if: $on) { id }
      ... @skip(if: true) { ...F }
      a: __typename } fragment F on Query { node(id: $id) { id } }`;
    for (let count = 0; count < 3; count++) {
      const { data, errors } = await gateway.query(document, { v: null, id: null, on: false });
      expect({ data, errors }).toEqual({ data: { a: 'Query' }, errors: undefined });
    }
    const { errors } = await gateway.query(document, { v: null, id: null, on: true });
    expect(errors?.[0]?.message).toBe('Variable "$id" must not be null: it stands where "ID!" is expected.');
  });

  it('and a null where null is allowed is accepted', async () => {
    const document =
      'query ($first: Int = 2, $after: String) { tokens(first: $first, after: $after) { nodes { id } } }';
    for (let count = 0; count < 3; count++) {
      const { data } = await gateway.query(document, { first: null, after: null });
      expect(data.tokens.nodes).toHaveLength(20);
    }
  });
});
