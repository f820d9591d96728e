import { describe, expect, it } from '@jest/globals';
import { type Gateway, shareGateway } from '../support/gateway.ts';
import { readSchemaNames } from '../support/schema-names.ts';

const open = shareGateway();
const locked = shareGateway({ env: { EXPLORER: 'off' }, emulatorOf: open });

const messagesOf = async (gateway: Gateway, document: string, variables: object = {}) => {
  const { errors, data } = await gateway.query(document, variables);
  expect(data).toBeUndefined();
  return errors?.map(({ message }) => message);
};

const NO_DETAILS = 'Introspection is off here, so there are no details.';
const hidden = (subject: string) => `${subject} does not fit the schema. ${NO_DETAILS}`;
const PART = hidden('This part of the document');

const CREATE = 'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }';
const UPDATE = 'mutation ($input: UpdateTokenInput!) { updateToken(input: $input) { token { id } } }';
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
const LIST = 'query ($first: Int) { tokens(first: $first) { nodes { id } } }';
const method = (authenticationMethod: object) => ({ input: { name: 'abc', authenticationMethod } });
const KEYS = { signingAlgorithm: 'RS256', publicKeyInfo: { jwksUri: 'https://a.example' } };

/** Document, variables, the message where introspection is on, the one where it is off. */
type Row = readonly [document: string, variables: object, open: string, locked: string];

describe('A variable that does not fit', () => {
  const does = (place: string) => `Variable "${place}" does not fit its type.`;
  const METHOD = '$input.authenticationMethod';
  it.each<Row>([
    [
      UPDATE,
      { input: { id: 'x', nmae: 'abc' } },
      'Variable "$input.nmae" is not a member of UpdateTokenInput. Did you mean "name"?',
      does('$input.nmae'),
    ],
    [
      UPDATE,
      { input: { id: 'x', authentication_method: {} } },
      'Variable "$input.authentication_method" is not a member of UpdateTokenInput. Did you mean "authenticationMethod"?',
      does('$input.authentication_method'),
    ],
    [
      UPDATE,
      { input: { id: 'x', colour: 'red' } },
      'Variable "$input.colour" is not a member of UpdateTokenInput.',
      does('$input.colour'),
    ],
    [
      UPDATE,
      { input: { id: 'x', 'sk-live': 1 } },
      'Variable "$input" has a member that UpdateTokenInput does not define.',
      does('$input'),
    ],
    [
      UPDATE,
      { input: { id: 'x', a23456789012345678901234567890: 1 } },
      'Variable "$input" has a member that UpdateTokenInput does not define.',
      does('$input'),
    ],
    [
      UPDATE,
      { input: { id: 'x', hasOwnProperty: {}, toString: 1 } },
      'Variable "$input.hasOwnProperty" is not a member of UpdateTokenInput. Variable "$input.toString" is not a member of UpdateTokenInput.',
      `${does('$input.hasOwnProperty')} ${does('$input.toString')}`,
    ],
    [
      CREATE,
      { input: { nam: 'abc', signingAlg: 1 } },
      [
        'Variable "$input.nam" is not a member of CreateTokenInput. Did you mean "name"?',
        'Variable "$input.signingAlg" is not a member of CreateTokenInput.',
        'Variable "$input" needs the member "authenticationMethod".',
        'Variable "$input" needs the member "name".',
      ].join(' '),
      `${does('$input.nam')} ${does('$input.signingAlg')} ${does('$input')}`,
    ],
    [
      CREATE,
      method({ ...KEYS, signingAlg: 1 }),
      `Variable "${METHOD}.signingAlg" is not a member of TokenAuthenticationMethodInput. Did you mean "signingAlgorithm"?`,
      does(`${METHOD}.signingAlg`),
    ],
    [
      CREATE,
      method({ ...KEYS, publicKeyInfo: { jwks: { key: [] } } }),
      `Variable "${METHOD}.publicKeyInfo.jwks.key" is not a member of JsonWebKeySetInput. Did you mean "keys"? Variable "${METHOD}.publicKeyInfo.jwks" needs the member "keys".`,
      `${does(`${METHOD}.publicKeyInfo.jwks.key`)} ${does(`${METHOD}.publicKeyInfo.jwks`)}`,
    ],
    [
      CREATE,
      method({ ...KEYS, signingAlgorithm: 'RS257' }),
      `Variable "${METHOD}.signingAlgorithm" is not a value of SigningAlgorithm. Did you mean RS256?`,
      does(`${METHOD}.signingAlgorithm`),
    ],
    [
      CREATE,
      method({ ...KEYS, signingAlgorithm: 'rs256' }),
      `Variable "${METHOD}.signingAlgorithm" is not a value of SigningAlgorithm. Did you mean RS256?`,
      does(`${METHOD}.signingAlgorithm`),
    ],
    [
      CREATE,
      method({ ...KEYS, signingAlgorithm: 'EdDSA' }),
      `Variable "${METHOD}.signingAlgorithm" is not a value of SigningAlgorithm: use ES256, ES512, RS256 or RS512.`,
      does(`${METHOD}.signingAlgorithm`),
    ],
    [
      CREATE,
      method({ ...KEYS, type: 7 }),
      `Variable "${METHOD}.type" is not a value of TokenAuthenticationMethodKind: use PRIVATE_KEY.`,
      does(`${METHOD}.type`),
    ],
    [
      CREATE,
      method([]),
      `Variable "${METHOD}" must be of type "TokenAuthenticationMethodInput".`,
      does(METHOD),
    ],
    [
      CREATE,
      { input: { name: 1, authenticationMethod: KEYS } },
      'Variable "$input.name" must be of type "String".',
      does('$input.name'),
    ],
    [
      CREATE,
      { input: { name: null, authenticationMethod: KEYS } },
      'Variable "$input.name" must be of type "String!".',
      does('$input.name'),
    ],
    [
      CREATE,
      method({ ...KEYS, publicKeyInfo: {} }),
      `Variable "${METHOD}.publicKeyInfo" must have exactly one member of "PublicKeyInfoInput", and it must not be null.`,
      does(`${METHOD}.publicKeyInfo`),
    ],
    [UPDATE, { input: {} }, 'Variable "$input" needs the member "id".', does('$input')],
    [
      CREATE,
      {},
      'Variable "$input" of required type "CreateTokenInput!" was not provided.',
      'Variable "$input" was not provided.',
    ],
    [CREATE, { input: null }, 'Variable "$input" must be of type "CreateTokenInput!".', does('$input')],
    [CREATE, { input: 1 }, 'Variable "$input" must be of type "CreateTokenInput".', does('$input')],
    [NODES, { ids: ['x', {}] }, 'Variable "$ids.1" must be of type "ID".', does('$ids.1')],
    [LIST, { first: 'x' }, 'Variable "$first" must be of type "Int".', does('$first')],
    [
      UPDATE,
      { input: { id: 1.5 } },
      'Variable "$input.id" must be a string: ids are strings, and this number may not be exact.',
      'Variable "$input.id" must be a string: ids are strings, and this number may not be exact.',
    ],
    [
      CREATE,
      method({
        ...KEYS,
        publicKeyInfo: { jwks: { keys: [{ alg: 'RS256', kid: 'a', kty: 'RSA', d: 'x' }] } },
      }),
      `Variable "${METHOD}.publicKeyInfo.jwks.keys.0" holds a private key: send the public members only, and treat the key as exposed.`,
      `Variable "${METHOD}.publicKeyInfo.jwks.keys.0" holds a private key: send the public members only, and treat the key as exposed.`,
    ],
  ])('gets a message that says where: %s with %j', async (document, variables, message, plain) => {
    expect(await messagesOf(open, document, variables)).toEqual([message]);
    expect(await messagesOf(locked, document, variables)).toEqual([plain]);
  });

  it('gets a message that says where it is null although null is not allowed', async () => {
    const document = 'query ($id: ID = "x") { token(id: $id) { id } }';
    expect(await messagesOf(open, document, { id: null })).toEqual([
      'Variable "$id" must not be null: it stands where "ID!" is expected.',
    ]);
    expect(await messagesOf(locked, document, { id: null })).toEqual([
      'Variable "$id" must not be null here.',
    ]);
  });

  it('is described in whole sentences, five at most', async () => {
    const input = { a1: 1, b1: 1, c1: 1, d1: 1, e1: 1, f1: 1 };
    for (const gateway of [open, locked]) {
      const [message = ''] = (await messagesOf(gateway, UPDATE, { input })) ?? [];
      expect(message.match(/Variable /g)?.length).toBe(5);
      expect(message.endsWith('.')).toBe(true);
    }
    const keys = Array.from({ length: 9 }, () => ({}));
    const [message = ''] =
      (await messagesOf(open, CREATE, method({ ...KEYS, publicKeyInfo: { jwks: { keys } } }))) ?? [];
    expect(message.length).toBeLessThanOrEqual(400);
    expect(message).toMatch(/needs the member "\w+"\.$/);
  });
});

describe('A document that does not fit', () => {
  const input = (members: string) => `mutation { createToken(input: { ${members} }) { token { id } } }`;
  const info = 'publicKeyInfo: { jwksUri: "https://a.example" }';
  const both = (message: string) => [message, message] as const;

  it.each<readonly [document: string, open: string, locked: string]>([
    [
      '{ tokns }',
      'Cannot query field "tokns" on type "Query". Did you mean "tokens", "token", or "nodes"?',
      hidden('Field "tokns"'),
    ],
    [
      '{ tokens }',
      'Field "tokens" of type "TokenConnection" must have a selection of subfields. Did you mean "tokens { ... }"?',
      hidden('Field "tokens"'),
    ],
    [
      '{ token { id } }',
      'Field "token" argument "id" of type "ID!" is required, but it was not provided.',
      hidden('Field "token"'),
    ],
    [
      '{ tokens { nodes { id { x } } } }',
      'Field "id" must not have a selection since type "ID!" has no subfields.',
      PART,
    ],
    [
      '{ tokens(frst: 1) { nodes { id } } }',
      'Unknown argument "frst" on field "Query.tokens". Did you mean "first"?',
      hidden('Argument "frst"'),
    ],
    ['{ tokens(first: "x") { nodes { id } } }', 'Argument "first" must be of type "Int".', PART],
    ['{ tokens(first: [1]) { nodes { id } } }', 'Argument "first" must be of type "Int".', PART],
    ['{ tokens(first: 99999999999) { nodes { id } } }', 'Argument "first" must be of type "Int".', PART],
    ['{ token(id: null) { id } }', 'Argument "id" must be of type "ID!".', PART],
    ['{ nodes(ids: ["x", { a: 1 }]) { id } }', 'Argument "ids" must be of type "ID!".', PART],
    ['{ __typename @skip(if: "yes") }', 'Argument "if" must be of type "Boolean!".', PART],
    [
      input(`nmae: "abc", name: "abc", authenticationMethod: { signingAlgorithm: RS256, ${info} }`),
      'Argument "input.nmae" is not a member of CreateTokenInput. Did you mean "name"?',
      hidden('Member "nmae"'),
    ],
    [
      input(`name: "abc", authenticationMethod: { ${'x'.repeat(30)}: 1, signingAlgorithm: RS256, ${info} }`),
      'Argument "input.authenticationMethod" has a member that TokenAuthenticationMethodInput does not define.',
      PART,
    ],
    [
      input(`name: "abc", authenticationMethod: { signingAlgorithm: RS257, ${info} }`),
      'Argument "input.authenticationMethod.signingAlgorithm" is not a value of SigningAlgorithm. Did you mean RS256?',
      PART,
    ],
    [
      input(`name: "abc", authenticationMethod: { signingAlgorithm: "RS256", ${info} }`),
      'Argument "input.authenticationMethod.signingAlgorithm" is not a value of SigningAlgorithm. Did you mean RS256?',
      PART,
    ],
    [
      input(`name: "abc", authenticationMethod: { signingAlgorithm: EdDSA, ${info} }`),
      'Argument "input.authenticationMethod.signingAlgorithm" is not a value of SigningAlgorithm: use ES256, ES512, RS256 or RS512.',
      PART,
    ],
    [
      input(`name: "abc", authenticationMethod: 1`),
      'Argument "input.authenticationMethod" must be of type "TokenAuthenticationMethodInput!".',
      PART,
    ],
    [
      input('name: "abc", authenticationMethod: { signingAlgorithm: RS256 }'),
      'Field "TokenAuthenticationMethodInput.publicKeyInfo" of required type "PublicKeyInfoInput!" was not provided.',
      PART,
    ],
    [
      input('name: "abc", authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: {} }'),
      'OneOf Input Object "PublicKeyInfoInput" must specify exactly one key.',
      PART,
    ],
    [
      input('name: "abc", authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwks: null } }'),
      'Field "PublicKeyInfoInput.jwks" must be non-null.',
      PART,
    ],
    [
      input(
        'name: "abc", authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwks: { keys: [{ kid: "a", kty: "RSA", alg: "RS256", d: "x" }] } } }',
      ),
      'Argument "input.authenticationMethod.publicKeyInfo.jwks.keys" holds a private key: send the public members only, and treat the key as exposed.',
      hidden('Member "d"'),
    ],
    [
      'query ($first: Int = "x") { tokens(first: $first) { nodes { id } } }',
      'The default of variable "$first" must be of type "Int".',
      PART,
    ],
    [
      '{ node(id: "1") { name } }',
      'Cannot query field "name" on type "Node". Did you mean to use an inline fragment on "Token"?',
      hidden('Field "name"'),
    ],
    [
      '{ node(id: "1") { ... on Tokn { id } } }',
      'Unknown type "Tokn". Did you mean "Token"?',
      hidden('Type "Tokn"'),
    ],
    [
      '{ node(id: "1") { ... on Project { id } } }',
      'Fragment cannot be spread here as objects of type "Node" can never be of type "Project".',
      PART,
    ],
    [
      '{ ...F } fragment F on Token { id }',
      'Fragment "F" cannot be spread here as objects of type "Query" can never be of type "Token".',
      hidden('Fragment "F"'),
    ],
    [
      '{ node(id: "1") { ... on ID { id } } }',
      'Fragment cannot condition on non composite type "ID".',
      hidden('Type "ID"'),
    ],
    [
      '{ ...F } fragment F on ID { id }',
      'Fragment "F" cannot condition on non composite type "ID".',
      hidden('Type "ID"'),
    ],
    [
      'query ($id: Token) { token(id: $id) { id } }',
      'Variable "$id" cannot be non-input type "Token".',
      hidden('Type "Token"'),
    ],
    [
      'query ($id: String!) { token(id: $id) { id } }',
      'Variable "$id" of type "String!" used in position expecting type "ID!".',
      hidden('Variable "$id"'),
    ],
    ['{ __typename @skpi(if: true) }', 'Unknown directive "@skpi".', hidden('Directive "@skpi"')],
    [
      'query @skip(if: true) { __typename }',
      'Directive "@skip" may not be used on QUERY.',
      hidden('Directive "@skip"'),
    ],
    [
      '{ __typename @skip }',
      'Directive "@skip" argument "if" of type "Boolean!" is required, but it was not provided.',
      hidden('Directive "@skip"'),
    ],
    [
      '{ __typename @skip(if: true, fi: true) }',
      'Unknown argument "fi" on directive "@skip". Did you mean "if"?',
      hidden('Argument "fi"'),
    ],
    [
      '{ token(id: "1") { id: name } node(id: "1") { id ... on Token { id: name } } }',
      'Fields "id" conflict because "id" and "name" are different fields. Use different aliases on the fields to fetch both if this was intentional.',
      'Fields "id" conflict. Use different aliases to fetch both.',
    ],
    ['{ ...F ...G } fragment F on Query { ...F }', ...both('Unknown fragment "G".')],
    ['{ token(id: "1", id: "2") { id } }', ...both('There can be only one argument named "id".')],
    [
      'query ($v: ID!) { token(id: $w) { id } } query B { __typename }',
      ...both('Variable "$w" is not defined.'),
    ],
    [
      'query A { __typename } { __typename }',
      ...both('This anonymous operation must be the only defined operation.'),
    ],
    ['query A { __typename } query A { __typename }', ...both('There can be only one operation named "A".')],
    ['{ __typename } fragment F on Query { __typename }', ...both('Fragment "F" is never used.')],
    ['query ($v: ID) { __typename }', ...both('Variable "$v" is never used.')],
    [
      'query ($v: ID, $v: ID) { token(id: $v) { id } }',
      ...both('There can be only one variable named "$v".'),
    ],
    [
      '{ __typename @skip(if: true) @skip(if: true) }',
      ...both('The directive "@skip" can only be used once at this location.'),
    ],
    [
      '{ ...F } fragment F on Query { ...F }',
      'Cannot spread fragment "F" within itself.',
      hidden('Fragment "F"'),
    ],
    [
      '{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }',
      ...both('Cannot spread fragment "F" within itself via "G".'),
    ],
    [
      '{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }',
      ...both('There can be only one fragment named "F".'),
    ],
    ['{ __typename } type Foo { a: ID }', ...both('The "Foo" definition is not executable.')],
    [input('name: "a", name: "b"'), ...both('There can be only one input field named "name".')],
    ['{ tokens(first: 1a) { nodes { id } } }', ...both('Syntax Error: Invalid number, expected digit.')],
    ['{ tokens(first: 1', ...both('Syntax Error: Expected Name, found <EOF>.')],
  ])('gets a message that says why: %s', async (document, message, plain) => {
    expect(await messagesOf(open, document)).toContain(message);
    const messages = await messagesOf(locked, document);
    expect(messages).toContain(plain);
    expect(messages).not.toContain(message === plain ? '' : message);
  });
});

it('A syntax error has the place of half a surrogate pair, with which a text ends that was cut', async () => {
  const { errors } = await open.query('{\n  token(id: "😀 \ud83d") { id }\n}');
  expect(errors).toEqual([
    {
      message: 'Syntax Error: Invalid character within String: U+D83D.',
      locations: [{ line: 2, column: 17 }],
      extensions: { code: 'GRAPHQL_PARSE_FAILED' },
    },
  ]);
});

describe('Where introspection is off, no message has a name of the schema that the client did not send', () => {
  const names = readSchemaNames();
  expect(names.size).toBeGreaterThan(50);

  it('even if a comment lists all names', async () => {
    const all = `# ${[...names].join(' ')}\n`;
    for (const document of ['{ tokens }', '{ token { id } }', '{ node(id: "1") { name } }']) {
      const alone = await messagesOf(locked, document);
      expect(await messagesOf(locked, all + document)).toEqual(alone);
    }
    const input = { [[...names].join(' ')]: 1 };
    const [message] = (await messagesOf(locked, CREATE, { input })) ?? [];
    expect(message).toBe('Variable "$input" does not fit its type.');
  });
});
