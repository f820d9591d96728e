import { afterEach, describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  type GraphQLInputObjectType,
  getNamedType,
  isInputObjectType,
  isListType,
} from 'graphql';
import { readTypeDefs } from '../../src/graphql/schema.ts';
import { post, shareGateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';
import { timed } from '../support/stopwatch.ts';

const CANARY = 'VALUE-CANARY';
const READ = 'query ($id: ID!) { token(id: $id) { id } node(id: $id) { id } }';
const UPDATE =
  'mutation ($input: UpdateTokenInput!) { updateToken(input: $input) { token { id } userErrors { code field message } } }';
const DELETE =
  'mutation ($input: DeleteTokenInput!) { deleteToken(input: $input) { deletedTokenId userErrors { code field } } }';
const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code field message } } }';

const gateway = shareGateway();

describe('An id that would reach another path', () => {
  afterEach(() => expect(gateway.calls()).toEqual([]));

  it.each([
    '..',
    '.',
    '../tokens',
    '../../v1/sts/whoami',
    'a/b',
    'a/projects',
    'x?limit=1',
    'x#frag',
    '\\..\\x',
    '//evil',
    'http://evil/',
    '%2e%2e%2f',
    'x%2Fprojects',
    'a\r\nx-injected: 1',
    'a\0b',
    '',
    '   ',
    'x'.repeat(5000),
  ])('(%j) is rejected by every field that takes one, and IAM is not called', async (id) => {
    const read = await gateway.query(READ, { id });
    expect(read.data).toEqual({ token: null, node: null });
    expect(read.errors).toMatchObject([
      { path: ['token'], extensions: { code: 'BAD_USER_INPUT', argument: 'id' } },
    ]);
    const nodes = await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [id] });
    expect([nodes.data, nodes.errors]).toEqual([{ nodes: [null] }, undefined]);
    const rejected = [{ code: 'INVALID', field: ['input', 'id'] }];
    const updated = await gateway.query(UPDATE, { input: { id, name: 'renamed' } });
    expect(updated.data.updateToken).toMatchObject({ token: null, userErrors: rejected });
    const deleted = await gateway.query(DELETE, { input: { id } });
    expect(deleted.data.deleteToken).toEqual({ deletedTokenId: null, userErrors: rejected });
  });

  it('is not decoded before it is sent', async () => {
    const { errors } = await gateway.query('{ token(id: "\\u002e\\u002e") { id } }');
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('A cursor that the gateway did not create', () => {
  it.each(['x', 'a\r\nb', '../..', 'W10', 'x'.repeat(5000), '', 'WzEsIiJd'])(
    '(%j) is rejected without being repeated',
    async (after) => {
      const { errors } = await gateway.query(
        'query ($after: String) { tokens(after: $after) { nodes { id } } }',
        { after },
      );
      expect(errors).toEqual([
        {
          message: '`after` is not a cursor of this list. Start again from the first page.',
          path: ['tokens'],
          locations: [{ line: 1, column: 26 }],
          extensions: { code: 'BAD_USER_INPUT', argument: 'after', reason: 'INVALID_CURSOR' },
        },
      ]);
      expect(gateway.calls()).toEqual([]);
    },
  );

  it('is rejected too when any byte of a valid one is changed', async () => {
    const { data } = await gateway.query('{ tokens(first: 1) { pageInfo { endCursor } } }');
    const cursor: string = data.tokens.pageInfo.endCursor;
    gateway.forgetCalls();
    for (let at = 0; at < cursor.length; at += 7) {
      const after = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
      const { errors } = await gateway.query(
        'query ($after: String) { tokens(after: $after) { nodes { id } } }',
        { after },
      );
      expect(errors?.[0]?.extensions.reason).toBe('INVALID_CURSOR');
    }
    expect(gateway.calls()).toEqual([]);
  });
});

describe('A value of the wrong type, wherever there is an input', () => {
  const schema = buildSchema(readTypeDefs());
  const inputOf = (name: string) => schema.getType(name) as GraphQLInputObjectType;

  /** The path of every input field below `type`, lists entered at their first item. */
  function pathsOf(type: GraphQLInputObjectType): (string | number)[][] {
    return Object.values(type.getFields()).flatMap((field) => {
      const named = getNamedType(field.type);
      const isList = 'ofType' in field.type && isListType(field.type.ofType);
      const own = isList ? [field.name, 0] : [field.name];
      const below = isInputObjectType(named) ? pathsOf(named).map((path) => [...own, ...path]) : [];
      return [[field.name], ...below];
    });
  }
  const wrongAt = (path: readonly (string | number)[]): unknown =>
    path.reduceRight<unknown>((value, part) => (part === 0 ? [value] : { [part]: value }), {
      [CANARY]: [CANARY],
    });
  const cases = [
    ['CreateTokenInput', CREATE],
    ['UpdateTokenInput', UPDATE],
    ['DeleteTokenInput', DELETE],
  ].flatMap(([type = '', document = '']) =>
    pathsOf(inputOf(type)).map((path) => [`${type}.${path.join('.')}`, document, wrongAt(path)] as const),
  );

  it.each(cases)('%s: is rejected and repeated nowhere', async (_title, document, input) => {
    const { errors, text } = await gateway.query(document, { input });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(text).not.toContain(CANARY);
    expect(gateway.log()).not.toContain(CANARY);
    expect(gateway.calls()).toEqual([]);
  });

  it('covers every input of the schema', () => {
    expect(cases).toHaveLength(38);
  });
});

describe('Keys and URLs of key sets', () => {
  const withInfo = (publicKeyInfo: object) => ({
    input: { name: 'worker', authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo } },
  });
  afterEach(() => expect(gateway.calls()).toEqual([]));

  it.each([
    ['both', { jwks: { keys: [RSA_JWK] }, jwksUri: 'https://a.example' }],
    ['none', {}],
    ['one that is null', { jwksUri: null }],
  ])('%s is rejected', async (_title, info) => {
    const { errors } = await gateway.query(CREATE, withInfo(info));
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://a.example/jwks',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user:pass@a.example/jwks',
    '//a.example/jwks',
    'https://a.example/jwks#here',
    `https://a.example/${'x'.repeat(3000)}`,
    'https://a.example/\r\nx: y',
    '',
  ])('%j is no place for keys, and is never read', async (jwksUri) => {
    const { data } = await gateway.query(CREATE, withInfo({ jwksUri }));
    const field = ['input', 'authenticationMethod', 'publicKeyInfo', 'jwksUri'];
    expect(data.createToken).toMatchObject({ token: null, userErrors: [{ code: 'INVALID', field }] });
  });

  it.each(['name', 'description'])(
    'a private key pasted into the %s is reported and not repeated',
    async (field) => {
      const pem = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----`;
      const { input } = withInfo({ jwksUri: 'https://a.example/jwks' });
      const { data, text } = await gateway.query(CREATE, { input: { ...input, [field]: pem } });
      expect(data.createToken.userErrors[0]).toMatchObject({
        code: 'INVALID',
        field: ['input', field],
        message: 'This looks like a private key. It was not sent on; treat it as exposed.',
      });
      expect(text + gateway.log()).not.toContain(CANARY);
    },
  );
});

describe('A body that would change the process', () => {
  const query = '{ __typename }';

  it.each([
    ['the request', `{ "query": "${query}", "__proto__": { "polluted": 1 } }`],
    ['the variables', `{ "query": "${query}", "variables": { "__proto__": { "polluted": 1 } } }`],
    ['the extensions', `{ "query": "${query}", "extensions": { "__proto__": { "polluted": 1 } } }`],
    [
      'a constructor',
      `{ "query": "${query}", "variables": { "constructor": { "prototype": { "polluted": 1 } } } }`,
    ],
  ])('by %s does not', async (_title, body) => {
    const { status } = await post(gateway.url, body, {});
    expect(status).toBe(200);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it.each([50_000, 50])('by a variable %i levels deep is rejected at once', async (levels) => {
    const extensions = { code: 'OPERATION_LIMIT_EXCEEDED', limit: 'variableDepth', actual: 33, max: 32 };
    const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const body = `{ "query": "query ($id: ID!) { token(id: $id) { id } }", "variables": { "id": ${deep} } }`;
    const { value, ownMs } = await timed(post(gateway.url, body, { authorization: 'Bearer demo' }));
    expect([value.status, value.errors?.[0]?.extensions]).toEqual([400, extensions]);
    expect(ownMs).toBeLessThan(500);
  });
});
