import { describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  type DocumentNode,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  graphqlSync,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  Source,
  TokenKind,
  validate,
  valueFromASTUntyped,
} from 'graphql';
import { costOf, OWN_COSTS } from '../../../../src/graphql/pipeline/cost.ts';
import { countDocument, measureSource } from '../../../../src/graphql/pipeline/document-size.ts';
import { findSelectedFields } from '../../../../src/graphql/pipeline/selected-fields.ts';
import { createSchema, readTypeDefs } from '../../../../src/graphql/schema.ts';
import { repeat } from '../../../support/many.ts';

const schema = buildSchema(readTypeDefs());

function lexerTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count++;
  return count;
}

describe('The scan before parsing', () => {
  it.each([
    ['', 0],
    ['{ a }', 3],
    ['{a,b}', 4],
    ['\uFEFF{ a }', 3],
    ['# { { {\n{ a } # }', 3],
    ['{ a(s: "}{ \\" # {") }', 8],
    ['{ a(s: "") b }', 9],
    ['{ a(s: """ " \\""" {{{ """) }', 8],
    ['{ a(s: """""") }', 8],
    ['{ a(n: -1.5e+3) }', 8],
    ['{ a(n: [1-1-1 2]) }', 13],
    ['{ a...b...on C{d} }', 11],
    ['query($v: Int! = 1 @d) { a @e }', 17],
    ['{ a(s: "漢字 😀") }', 8],
  ])('counts the tokens of %s as GraphQL does', (text, tokens) => {
    expect(measureSource(text).tokens).toBe(tokens);
    expect(lexerTokens(text)).toBe(tokens);
  });

  it('counts the tokens of long documents as GraphQL does', () => {
    for (const text of [readTypeDefs(), getIntrospectionQuery()])
      expect(measureSource(text).tokens).toBe(lexerTokens(text));
  });

  it.each([
    ['{ a { b } c { d { e } } }', 3],
    ['{ a(b: [[{c: (', 6],
    ['{ a(s: "[[[[", t: """{{{""") } # (((((', 2],
  ])('sees how many brackets are open at once in %s', (text, brackets) => {
    expect(measureSource(text).brackets).toBe(brackets);
  });
});

const count = (text: string) => countDocument(parse(text));

describe('The size of a document', () => {
  it('counts every field, alias and directive that may run', () => {
    const text = 'query Q($a: Int @x) @y { r: token(id: "1") @z { id n: name ... @w { ari } } }';
    expect(count(text)).toMatchObject({
      operations: 1,
      fragments: 0,
      operationName: 1,
      variables: 1,
      rootFields: 1,
      directives: 4,
      aliases: 2,
      fields: 4,
      depth: 2,
      pairs: 0,
    });
  });

  it('counts what a fragment holds wherever it is spread', () => {
    const text =
      '{ tokens { nodes { ...A } edges { node { ...A } } } } fragment A on Token { i: id @d name }';
    expect(count(text)).toMatchObject({ fields: 8, aliases: 2, directives: 2, depth: 4 });
  });

  it('counts the root fields that fragments bring', () => {
    const text =
      '{ ...A ... on Query { node(id: 1) { id } } } fragment A on Query { tokens { nodes { id } } }';
    expect(count(text).rootFields).toBe(2);
  });

  it('takes the largest of several operations, and fragments that no operation uses', () => {
    const text = 'query A { a } query B { a b c } fragment C on Query { a { b { c { d } } } }';
    expect(count(text)).toMatchObject({ operations: 2, rootFields: 3, fields: 4, depth: 1 });
  });

  it('sees a fragment that multiplies without following it', () => {
    const bomb = repeat(60, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`);
    const text = `{ ...F0 } ${bomb} fragment F60 on Query { a }`;
    expect(count(text)).toMatchObject({ fields: 2 ** 60, rootFields: 2 ** 60 });
  });

  it('ends on fragments that spread themselves or are missing', () => {
    const text = '{ ...A ...Missing a } fragment A on Query { b ...B } fragment B on Query { c ...A }';
    expect(count(text)).toMatchObject({ fields: 3 });
  });

  it('ends on a chain of fragments that is longer than the stack', () => {
    const chain = repeat(1800, (index) => `fragment F${index} on T{...F${index + 1}}`);
    for (const operation of ['{ ...F0 }', '{ __schema { ...F0 } }', '{ a }'])
      expect(count(`${operation}${chain} fragment F1800 on T{a}`).depth).toBe(1000);
  });

  it('counts the pairs of fields with one response name, in operations and fragments', () => {
    expect(count('{ a b { a } c: a a: b ...F } fragment F on Query { a b }').pairs).toBe(6 + 1);
  });

  it('does not count the levels of introspection', () => {
    const text =
      '{ __schema { types { fields { type { fields { type { name } } } } } } token(id: 1) { id } }';
    expect(count(text).depth).toBe(2);
  });

  it('is not misled by a fragment or an alias with a name of introspection', () => {
    const text = '{ __schema: tokens { nodes { ...__schema } } } fragment __schema on Token { id }';
    expect(count(text).depth).toBe(3);
  });

  it('accepts the usual introspection', () => {
    const text = getIntrospectionQuery({
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    expect(count(text).depth).toBe(1);
    expect(count(text).fields).toBeLessThanOrEqual(300);
    expect(measureSource(text).tokens).toBeLessThanOrEqual(1000);
  });
});

function operationOf(document: DocumentNode): OperationDefinitionNode {
  return document.definitions.find(
    (node) => node.kind === Kind.OPERATION_DEFINITION,
  ) as OperationDefinitionNode;
}

function cost(text: string, variables: Record<string, unknown> = {}) {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operation = operationOf(document);
  // As coercion leaves them.
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
  );
  const rootFields = findSelectedFields(schema, document, operation);
  return costOf(rootFields, { ...Object.fromEntries(defaults), ...variables });
}

/** The fields of a response, at any depth. */
function fieldsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const values = Object.values(value);
  return values.reduce((sum, item) => sum + fieldsIn(item), Array.isArray(value) ? 0 : values.length);
}

describe('The cost of an operation', () => {
  it.each([
    ['a root field and its fields', '{ token(id: "1") { id name } }', 3],
    ['a page of the default length', '{ tokens { nodes { id } } }', 22],
    ['a page of a length', '{ tokens(first: 5) { nodes { id } pageInfo { hasNextPage } } }', 9],
    ['lists within lists', '{ tokens(first: 5) { nodes { projects(first: 4) { nodes { id } } } } }', 32],
    ['ids that are given', '{ nodes(ids: ["1", "2", "3"]) { id } }', 4],
    ['one id without brackets', '{ nodes(ids: "1") { id } }', 2],
    ['what is skipped', '{ tokens(first: 0) { nodes { id } } token(id: "1") @skip(if: true) { id } }', 4],
  ])('counts %s', (_, text, fieldCost) => {
    expect(cost(text).fieldCost).toBe(fieldCost);
  });

  it.each([
    [{ n: 50 }, 52],
    [{ n: 0 }, 2],
    [{ n: null }, 22],
    [{}, 32],
    // These are rejected before anything runs; until then they are as expensive as can be.
    [{ n: 1_000_000 }, 102],
    [{ n: -1 }, 2],
  ])('counts the variables %j', (variables, fieldCost) => {
    expect(cost('query ($n: Int = 30) { tokens(first: $n) { nodes { id } } }', variables).fieldCost).toBe(
      fieldCost,
    );
  });

  it.each([
    ['as explorers send it', getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }), 20_000],
    ['within lists', `{ __schema { types { fields { type { ofType { fields { name } } } } } } }`, 2000],
  ])('counts introspection %s with the usual length of its lists', (_, text, most) => {
    const { fieldCost } = cost(text);
    expect(fieldCost).toBeGreaterThan(0.6 * fieldsIn(graphqlSync({ schema, source: text }).data));
    expect(fieldCost).toBeLessThan(most);
  });

  it('counts introspection of one type as that of an average one: `length` in cost.ts', () => {
    const text = (name: string) => `{ __type(name: "${name}") { fields { name args { name } } } }`;
    const names = Object.keys(schema.getTypeMap());
    const fields = names.map((name) => fieldsIn(graphqlSync({ schema, source: text(name) }).data));
    const average = fields.reduce((sum, count) => sum + count, 0) / names.length;
    const { fieldCost } = cost(text('Token'));
    expect(fieldCost).toBeGreaterThan(0.6 * average);
    expect(fieldCost).toBeLessThan(1.7 * average);
  });

  it('takes the default of the schema for a variable without one', () => {
    expect(cost('query ($n: Int) { tokens(first: $n) { nodes { id } } }').fieldCost).toBe(22);
  });

  it('counts the ids in a variable', () => {
    const text = 'query ($ids: [ID!]! = ["1", "2"]) { nodes(ids: $ids) { id } }';
    expect(cost(text)).toEqual({ fieldCost: 3, upstreamCalls: 2 });
    expect(cost(text, { ids: ['1', '2', '3'] })).toEqual({ fieldCost: 4, upstreamCalls: 3 });
  });

  it('counts a fragment of a connection for every item of each connection', () => {
    const text =
      '{ a: tokens(first: 2) { ...C } b: tokens(first: 3) { ...C } } fragment C on TokenConnection { edges { node { id } } }';
    expect(cost(text).fieldCost).toBe(14);
  });

  it('lets the largest useful page through, and not one of a hundred by a hundred', () => {
    const page = (first: number) =>
      cost(`{ tokens(first: 100) { nodes { id name projects(first: ${first}) { edges { node { id name } policy {
        name description version statements { effect actions resources principals } } } } } } }`).fieldCost;
    expect(page(20)).toBe(24_402);
    expect(page(100)).toBeGreaterThan(50_000);
  });

  it('counts a fragment once that is spread again in the same place, as it is executed', () => {
    const bomb = repeat(
      40,
      (index) => `fragment F${index} on Token { ...F${index + 1} ... { ...F${index + 1} } }`,
    );
    const last = 'fragment F40 on Token { projects(first: 1) { nodes { id } } }';
    expect(cost(`{ token(id: "1") { ...F0 ...F0 } } ${bomb} ${last}`)).toEqual({
      fieldCost: 4,
      upstreamCalls: 2,
    });
  });
});

const METHOD = '{ signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://a.example" } }';

describe('The upstream calls of an operation', () => {
  it.each([
    [0, 'introspection', '{ __typename __schema { queryType { name } } }'],
    [1, 'a token', '{ token(id: "1") { id } }'],
    [1, 'a node', '{ node(id: "1") { id } }'],
    [2, 'a token with projects', '{ token(id: "1") { projects { nodes { id } } } }'],
    [2, 'two of a token, under aliases', '{ a: token(id: "1") { id } b: token(id: "1") { id } }'],
    [3, 'nodes', '{ nodes(ids: ["1", "2", "3"]) { id } }'],
    [
      6,
      'nodes with projects',
      '{ nodes(ids: ["1", "2", "3"]) { ... on Token { projects { nodes { id } } } } }',
    ],
    [1, 'tokens', '{ tokens(first: 100) { nodes { id } } }'],
    [21, 'tokens with projects', '{ tokens { edges { node { projects { nodes { id } } } } } }'],
    [101, 'a hundred tokens with projects', '{ tokens(first: 100) { nodes { projects { nodes { id } } } } }'],
    [4, 'tokens behind a cursor, of which the item may be gone', '{ tokens(after: "x") { nodes { id } } }'],
    [1, 'tokens behind no cursor', '{ tokens(after: null) { nodes { id } } }'],
    [1, 'no tokens', '{ tokens(first: 0) { nodes { projects { pageInfo { hasNextPage } } } } }'],
    [2, 'a token with no projects', '{ token(id: "1") { projects(first: 0) { nodes { id } } } }'],
    [1, 'a deletion', 'mutation { deleteToken(input: { id: "1" }) { deletedTokenId } }'],
    [2, 'an update', 'mutation { updateToken(input: { id: "1" }) { token { id } } }'],
    [
      3,
      'an update and the projects',
      'mutation { updateToken(input: { id: "1" }) { token { projects { nodes { id } } } } }',
    ],
    [
      2,
      'two deletions through a fragment',
      'mutation { ...D } fragment D on Mutation { a: deleteToken(input: { id: "1" }) { deletedTokenId } b: deleteToken(input: { id: "2" }) { deletedTokenId } }',
    ],
  ])('are %i for %s', (calls, _, text) => {
    expect(cost(text).upstreamCalls).toBe(calls);
  });

  const KEY_GIVEN = 'a: createToken(input: $a) { token { id } }';
  it.each<[number, string, string, object]>([
    [
      1,
      'a create without an idempotency key',
      `mutation ($a: CreateTokenInput!) { ${KEY_GIVEN} }`,
      { a: {} },
    ],
    [
      1,
      'a create with a null for one',
      `mutation ($a: CreateTokenInput!) { ${KEY_GIVEN} }`,
      { a: { idempotencyKey: null } },
    ],
    [
      21,
      'a create with one, for the look-up',
      `mutation ($a: CreateTokenInput!) { ${KEY_GIVEN} }`,
      { a: { idempotencyKey: 'k' } },
    ],
    [
      23,
      'three such creates, which share the look-up',
      `mutation ($a: CreateTokenInput!) { ${KEY_GIVEN} ...F } fragment F on Mutation { ... { b: createToken(input: $a) { token { id } } c: createToken(input: $a) { token { id } } } }`,
      { a: { idempotencyKey: 'k' } },
    ],
    [
      22,
      'a create with a key in its input object, and its projects',
      `mutation ($k: String) { createToken(input: { name: "abc", idempotencyKey: $k, authenticationMethod: ${METHOD} }) { token { projects { nodes { id } } } } }`,
      { k: 'k' },
    ],
    [
      21,
      'a create with a default for the key',
      `mutation ($k: String = "k") { createToken(input: { name: "abc", idempotencyKey: $k, authenticationMethod: ${METHOD} }) { token { id } } }`,
      {},
    ],
    [
      1,
      'a create without a value for the key',
      `mutation ($k: String) { createToken(input: { name: "abc", idempotencyKey: $k, authenticationMethod: ${METHOD} }) { token { id } } }`,
      {},
    ],
  ])('are %i for %s', (calls, _, text, variables) => {
    expect(cost(text, { ...variables }).upstreamCalls).toBe(calls);
  });

  it('count a list without a size argument once, however long IAM makes it', () => {
    const text =
      '{ token(id: "1") { scopes authenticationMethod { publicKeyInfo { ... on JsonWebKeySet { keys { kid alg } } } } } }';
    expect(cost(text)).toEqual({ fieldCost: 7, upstreamCalls: 1 });
  });

  it('are declared for all root fields, all fields with a list or page size for an argument, and no leaf', () => {
    const full = createSchema(readTypeDefs(), { federation: true });
    const types = Object.values(full.getTypeMap()).filter(isObjectType);
    const roots = [full.getQueryType(), full.getMutationType()];
    const fields = types.flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })));
    const needed = fields
      .filter(
        ({ type, field: { args } }) =>
          roots.includes(type) ||
          args.some(({ name, type: of }) => name === 'first' || isListType(getNullableType(of))),
      )
      .map(({ type, field }) => `${type.name}.${field.name}`);
    const known = fields
      .filter(({ field }) => !isLeafType(getNamedType(field.type)))
      .map(({ type, field }) => `${type.name}.${field.name}`);
    expect([...OWN_COSTS.keys()]).toEqual(expect.arrayContaining(needed));
    expect(known).toEqual(expect.arrayContaining([...OWN_COSTS.keys()]));
  });
});
