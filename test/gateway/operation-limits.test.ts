import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { extraCpuMs } from '../support/cpu.ts';
import { type Answer, type Gateway, post, shareGateway, startGateway } from '../support/gateway.ts';
import { repeat } from '../support/many.ts';

const GRAPHQL_RESPONSE = { accept: 'application/graphql-response+json' };

const gateway = shareGateway();

/** What a rejection says: the limit, and nothing of the document. */
const rejection = (limit: string, actual: number, max: number) => [
  {
    message: expect.stringMatching(new RegExp(`^Expected at most ${max} .*, got ${actual}\\.$`)),
    extensions: { code: 'OPERATION_LIMIT_EXCEEDED', limit, actual, max },
  },
];

/** Rejected for the same reason under both media types, and no upstream was called. */
async function expectRefusal(
  document: string,
  limit: string,
  actual: number,
  max: number,
  variables?: object,
) {
  const answers = [
    await gateway.query(document, variables),
    await gateway.query(document, variables, GRAPHQL_RESPONSE),
  ];
  for (const { status, errors, text } of answers) {
    expect({ status, errors }).toEqual({ status: 400, errors: rejection(limit, actual, max) });
    expect(text).not.toContain('"data"');
  }
  expect(gateway.calls()).toEqual([]);
}

describe('An operation that is too large', () => {
  it('is rejected for 101 aliases of __typename', () =>
    expectRefusal(`{ ${repeat(101, (i) => `a${i}: __typename`)} }`, 'aliases', 101, 30));

  it('is rejected for 400 aliases across 8 fragments', () =>
    expectRefusal(
      `{ token(id: "1") { ${repeat(8, (i) => `...F${i}`)} } } ${repeat(8, (i) => `fragment F${i} on Token { ...A }`)}
       fragment A on Token { ${repeat(50, (i) => `a${i}: id`)} }`,
      'aliases',
      400,
      30,
    ));

  it('is rejected for 100 aliases of token, none of which is requested', () =>
    expectRefusal(`{ ${repeat(100, (i) => `a${i}: token(id: "alias-${i}")`)} }`, 'aliases', 100, 30));

  it('may have 30 aliases and not 31', async () => {
    const document = (count: number) =>
      `{ tokens(first: 1) { nodes { ${repeat(count, (i) => `a${i}: id`)} } } }`;
    const { status, errors, data } = await gateway.query(document(30));
    expect({ status, errors, data }).toMatchObject({ status: 200, errors: undefined });
    expect(Object.keys(data.tokens.nodes[0])).toHaveLength(30);
    gateway.forgetCalls();
    await expectRefusal(document(31), 'aliases', 31, 30);
  });

  it('may have 20 root fields and not 21', async () => {
    const document = (count: number) =>
      `{ __typename ...F } fragment F on Query { ${repeat(count - 1, (i) => `a${i}: token(id: "x") { id }`)} }`;
    expect(await gateway.query(document(20))).toMatchObject({ status: 200, errors: undefined });
    gateway.forgetCalls();
    await expectRefusal(document(21), 'rootFields', 21, 20);
  });

  it('may have 50 directives and not 51', async () => {
    const document = (count: number) =>
      `{ token(id: "x") { ${repeat(count, () => 'id @include(if: true)')} } }`;
    expect(await gateway.query(document(50))).toMatchObject({ status: 200, errors: undefined });
    gateway.forgetCalls();
    await expectRefusal(document(51), 'directives', 51, 50);
  });

  it('may have 15000 characters and not 15001', async () => {
    const document = (length: number) => '{ __typename } #'.padEnd(length, ' ');
    expect(await gateway.query(document(15_000))).toMatchObject({ status: 200, errors: undefined });
    await expectRefusal(document(15_001), 'characters', 15_001, 15_000);
  });

  it('is rejected for directives on every field', () =>
    expectRefusal(
      `{ token(id: "1") { ${repeat(40, () => 'id @include(if: true) @skip(if: false)')} } }`,
      'directives',
      80,
      50,
    ));

  it('is rejected for 400 fields with two directives each, by its length', () =>
    expectRefusal(
      `{ token(id: "1") { ${repeat(400, () => 'id @include(if: true) @skip(if: false)')} } }`,
      'characters',
      15622,
      15000,
    ));

  it('may have 300 fields and not 301', async () => {
    const names = ['id', 'name', 'ari', 'ownerAri', '__typename'];
    const document = (count: number) =>
      `{ tokens(first: 1) { nodes { ${repeat(count - 2, (i) => names[i % names.length] ?? '')} } } }`;
    expect(await gateway.query(document(300))).toMatchObject({ status: 200, errors: undefined });
    gateway.forgetCalls();
    await expectRefusal(document(301), 'fields', 301, 300);
  });

  it('may be 12 levels deep and not 13, fragments included', async () => {
    const document = (depth: number) =>
      `{ token(id: "1") { ...F } } fragment F on Token { ${repeat(depth - 2, () => 'token {')} id ${repeat(depth - 2, () => '}')} }`;
    expect(await gateway.query(document(12))).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    await expectRefusal(document(13), 'depth', 13, 12);
  });

  it('is rejected for a fragment that doubles sixteen times', async () => {
    const bomb = repeat(16, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
    await expectRefusal(`{ ...F0 } ${bomb} fragment F16 on Query { __typename }`, 'rootFields', 65536, 20);
  });

  it('is rejected for fragments that spread each other, by validation', async () => {
    const cycle = '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }';
    const { status, errors } = await gateway.query(cycle, {}, GRAPHQL_RESPONSE);
    expect(status).toBe(400);
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('has its limits within fragments that spread themselves, and in one named like introspection', async () => {
    const aliases = repeat(31, (i) => `a${i}: __typename`);
    await expectRefusal(`{ ...A } fragment A on Query { ${aliases} ...A }`, 'aliases', 31, 30);
    await expectRefusal(`{ ...__schema } fragment __schema on Query { ${aliases} }`, 'aliases', 31, 30);
  });

  it('may have 10 000 pairs of fields with one response name, and not more', async () => {
    const document = (count: number) => `{ node(id: "x") { ${repeat(count, () => 'id')} } }`;
    expect((await gateway.query(document(141))).data).toEqual({ node: null });
    gateway.forgetCalls();
    await expectRefusal(document(142), 'fields', 10_011, 10_000);
  });

  it('may have more such pairs where it may have more root fields', async () => {
    const env = { MAX_ROOT_FIELDS: '150', MAX_ALIASES: '150', MAX_OPERATION_TOKENS: '3000' };
    const larger = await startGateway({ env });
    const { data } = await larger.query(`{ ${repeat(150, (i) => `a${i}: node(id: "x") { id }`)} }`);
    await larger.close();
    expect(data).toMatchObject({ a0: null, a149: null });
  });

  it('counts those pairs in fragments, used or not, also in several with one name', async () => {
    const ids = repeat(71, () => 'id');
    const fragments = `fragment A on Node { ${ids} ...A } fragment A on Token { ${ids} }`;
    await expectRefusal(`{ node(id: "x") { ...A } } ${fragments}`, 'fields', 10_012, 10_000);
    await expectRefusal(`{ __typename } ${fragments}`, 'fields', 10_011, 10_000);
  });

  it('may have 10 000 pairs of spreads, and not more', async () => {
    const document = (count: number) =>
      `{ node(id: "x") { ${repeat(count, () => '...A')} } } fragment A on Node { id }`;
    expect((await gateway.query(document(141))).data).toEqual({ node: null });
    gateway.forgetCalls();
    await expectRefusal(document(142), 'fields', 10_011, 10_000);
  });

  it('is rejected at once where a few fragments lead to each other in many ways', async () => {
    const names = repeat(11, (i) => `F${i}`).split(' ');
    // Each spreads the next one and all before it.
    const fragments = names.map((name, at) => {
      const others = names.filter((_, other) => other <= at + 1 && other !== at);
      return `fragment ${name} on Token { ${others.map((other) => `to${other} { ...${other} }`).join(' ')} }`;
    });
    const operations = repeat(10, (i) => `query O${i} { a { ...F0 } b { ...F10 } c { ...F9 } d { ...F8 } }`);
    const query = `${operations} ${fragments.join(' ')}`;
    const { status, errors } = await gateway.query(query);
    expect({ status, code: errors?.[0]?.extensions.code }).toEqual({
      status: 200,
      code: 'GRAPHQL_VALIDATION_FAILED',
    });
    expect(await extraCpuMs(gateway.url, { query }, { maxMs: 5 })).toBeLessThan(5);
  });

  it('is rejected for 51 fragments', () =>
    expectRefusal(
      `{ node(id: "x") { ${repeat(51, (i) => `...F${i}`)} } } ${repeat(51, (i) => `fragment F${i} on Node { id }`)}`,
      'fragments',
      51,
      50,
    ));

  it('is rejected for 3000 inline fragments', () =>
    expectRefusal(`{${repeat(3000, () => '...{id}', '')}}`, 'characters', 21002, 15000));

  it('is rejected for 50 000 tokens, or 1001', async () => {
    await expectRefusal(`{ ${repeat(49_998, () => 'a')} }`, 'characters', 99_999, 15000);
    await expectRefusal(`{ ${repeat(999, () => 'a')} }`, 'tokens', 1001, 1000);
  });

  it.each([
    ['empty', '\n'],
    ['comments', '#\n'],
    ['ended as on Windows', '\r\n'],
    ['of a text', '', '\n'.repeat(2000)],
  ])('is rejected for 2001 lines, because each error counts those before it: %s', (_, line, text = '') =>
    expectRefusal(`${line.repeat(2000)}{ token(id: """${text}""") { id } }`, 'lines', 2001, 2000),
  );

  it.each([
    ['100 000 lists', '['.repeat(100_000), 'characters', 100_000, 15000],
    ['20 000 selections', '{a'.repeat(20_000), 'characters', 40_000, 15000],
    ['20 000 objects', `{a(b:${'{b:'.repeat(20_000)}`, 'characters', 60_005, 15000],
    ['1001 brackets', '['.repeat(1001), 'tokens', 1001, 1000],
    ['201 lists', `{a(b:${'['.repeat(199)}`, 'brackets', 201, 200],
    ['201 selections', '{a'.repeat(201), 'brackets', 201, 200],
    ['201 objects', `{a(b:${'{b:'.repeat(199)}`, 'brackets', 201, 200],
  ])('is rejected for %s inside one another', (_, document, limit, actual, max) =>
    expectRefusal(document, limit, actual, max),
  );

  it('is not rejected for brackets in strings and comments', async () => {
    const document = `{ token(id: "${'['.repeat(300)}") { id } } # ${'{'.repeat(300)}`;
    const { errors } = await gateway.query(document);
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'id' });
  });

  it('is reported as a syntax error if that is what it is', async () => {
    const { status, errors } = await gateway.query('{ nope');
    expect(status).toBe(200);
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_PARSE_FAILED');
  });

  it('is rejected for 11 operations, and for 1000', async () => {
    const document = (count: number) => repeat(count, (i) => `query Q${i} { __typename }`);
    await expectRefusal(document(11), 'operations', 11, 10);
    await expectRefusal(document(1000), 'characters', 25889, 15000);
  });

  it('is rejected for 101 variables, declared or only sent', async () => {
    const document = `query (${repeat(101, (i) => `$v${i}: Int`)}) { __typename }`;
    await expectRefusal(document, 'variables', 101, 100);
    const sent = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`v${i}`, i]));
    await expectRefusal('{ __typename }', 'variables', 2000, 100, sent);
    const oneMore = Object.fromEntries(Object.entries(sent).slice(0, 101));
    await expectRefusal('{ __typename }', 'variables', 101, 100, oneMore);
  });

  it('is rejected for an operation name of 513 characters, which is not echoed', async () => {
    const operationName = 'CANARY'.repeat(20_000 / 6);
    const body = { query: '{ __typename }', operationName };
    const { status, errors, text } = await post(gateway.url, body, {});
    expect({ status, errors }).toEqual({ status: 400, errors: rejection('operationName', 19_998, 512) });
    expect(text).not.toContain('CANARY');
    expect(gateway.log()).not.toContain('CANARY');
    await expectRefusal(`query ${'a'.repeat(513)} { __typename }`, 'operationName', 513, 512);
  });

  it.each([[2], [10]])('is rejected in an array of %i', async (count) => {
    const body = Array.from({ length: count }, () => ({ query: '{ __typename }' }));
    expect(await post(gateway.url, body, {})).toMatchObject({
      status: 400,
      errors: [
        {
          message: 'Batches are not supported. Send one operation per request.',
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    });
  });

  it('is rejected over GET as well', async () => {
    const query = encodeURIComponent(`{ ${repeat(31, (i) => `a${i}: __typename`)} }`);
    const response = await fetch(`${gateway.url}?query=${query}`, {
      headers: { 'apollo-require-preflight': 'yes' },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ errors: rejection('aliases', 31, 30) });
  });

  it('is rejected again when it is sent again', async () => {
    const document = `{ ${repeat(31, (i) => `b${i}: __typename`)} }`;
    await expectRefusal(document, 'aliases', 31, 30);
    await expectRefusal(document, 'aliases', 31, 30);
  });

  it('is in the log with its code, and no part of its text', async () => {
    await gateway.query(`query CANARY { ${repeat(31, (i) => `canary${i}: __typename`)} }`);
    const line = gateway.log().trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(line)).toMatchObject({ code: 'OPERATION_LIMIT_EXCEEDED', msg: 'operation' });
    expect(line.toLowerCase()).not.toContain('canary');
  });
});

describe('An operation that would cost too much', () => {
  it('is rejected for a token and its projects a hundred times over', () =>
    expectRefusal(
      '{ a: tokens(first: 100) { nodes { projects { nodes { id } } } } b: tokens(first: 50) { nodes { projects { nodes { id } } } } }',
      'upstreamCalls',
      152,
      150,
    ));

  it('is rejected by the value of a variable, or its default', async () => {
    const document =
      'query ($n: Int = 100) { a: tokens(first: $n) { nodes { projects { nodes { id } } } } b: tokens(first: $n) { nodes { projects { nodes { id } } } } }';
    await expectRefusal(document, 'upstreamCalls', 202, 150);
    await expectRefusal(document, 'upstreamCalls', 162, 150, { n: 80 });
    expect(await gateway.query(document, { n: 2 })).toMatchObject({ status: 200, errors: undefined });
  });

  it('is rejected for more ids than can be requested, with what is below them', () =>
    expectRefusal(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Token { projects { nodes { id } } } } }',
      'upstreamCalls',
      160,
      150,
      { ids: Array.from({ length: 80 }, (_, i) => `id-${i}`) },
    ));

  it('may cost 50 000 fields and not 50 001', async () => {
    const document = (first: number) =>
      `{ a: tokens(first: 99) { nodes { projects(first: 100) { nodes { id name x: id y: id z: id } } } }
         b: tokens(first: 100) { nodes { id name } } c: tokens(first: ${first}) { nodes { id } } }`;
    expect(await gateway.query(document(96))).toMatchObject({ status: 200, errors: undefined });
    gateway.forgetCalls();
    await expectRefusal(document(97), 'fieldCost', 50_001, 50_000);
  });

  it('is rejected for a page of a hundred tokens with a hundred projects and their policies', () =>
    expectRefusal(
      '{ tokens(first: 100) { nodes { projects(first: 100) { edges { node { id name } policy { version statements { effect actions } } } } } } }',
      'fieldCost',
      80_202,
      50_000,
    ));

  it('may need 150 calls and not 151', async () => {
    const ids = Array.from({ length: 76 }, (_, i) => `not/an/id/${i}`);
    const nodes = (first: number) =>
      `query ($ids: [ID!]!) { nodes(ids: $ids) { id } tokens(first: ${first}) { nodes { projects { nodes { id } } } } }`;
    expect(await gateway.query(nodes(73), { ids })).toMatchObject({ status: 200, errors: undefined });
    gateway.forgetCalls();
    await expectRefusal(nodes(74), 'upstreamCalls', 151, 150, { ids });
  });

  it('may be a page of a hundred tokens with twenty projects each and their policies', async () => {
    const { status, errors, data } = await gateway.query(
      `{ tokens(first: 100) { nodes { id name projects(first: 20) { edges { node { id name } policy { name version
        statements { effect actions resources principals } } } pageInfo { hasNextPage } } } pageInfo { hasNextPage } } }`,
    );
    expect({ status, errors }).toEqual({ status: 200, errors: undefined });
    expect(data.tokens.nodes).toHaveLength(100);
  });

  it('costs once what several fragments select under one response name', async () => {
    const document = `{ tokens(first: 100) { ...A ...B nodes { ...C } } }
      fragment A on TokenConnection { nodes { id ...C projects(first: 2) { nodes { id } } } }
      fragment B on TokenConnection { nodes { id projects(first: 2) { nodes { name } edges { cursor } } } }
      fragment C on Token { id ... on Token { projects(first: 2) { nodes { id } } } }`;
    const { errors, data } = await gateway.query(document);
    expect(errors).toBeUndefined();
    expect(data.tokens.nodes).toHaveLength(100);
    expect(gateway.calls()).toHaveLength(101);
    gateway.forgetCalls();
    await expectRefusal(
      document.replace('name }', 'name } } again: projects { nodes { id }'),
      'upstreamCalls',
      201,
      150,
    );
  });

  it('is rejected for its argument if only that is wrong', async () => {
    const { errors } = await gateway.query('{ tokens(first: 1000000) { nodes { id } } }');
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'first' });
  });
});

describe('Introspection', () => {
  it('works as the explorers send it', async () => {
    const document = getIntrospectionQuery({
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    for (const text of [document, getIntrospectionQuery()]) {
      const { status, errors, data } = await gateway.query(text);
      expect({ status, errors }).toEqual({ status: 200, errors: undefined });
      expect(data.__schema.queryType.name).toBe('Query');
    }
  });

  it('is rejected when it nests lists too deeply', async () => {
    const circle = (rounds: number) =>
      `{ __schema { types { ${repeat(rounds, () => 'fields { type {')} name ${repeat(rounds, () => '}}')} } } }`;
    for (const rounds of [3, 9]) {
      const { errors } = await gateway.query(circle(rounds));
      expect(errors).toMatchObject([{ message: 'Maximum introspection depth exceeded' }]);
    }
  });

  it('is rejected when it reads all types many times', async () => {
    const fields = 'fields { type { ofType { fields { name description type { name kind } } } } }';
    const document = (count: number) =>
      `{ ${repeat(count, (i) => `s${i}: __schema { types { ${fields} } }`)} }`;
    expect((await gateway.query(document(2))).status).toBe(200);
    await expectRefusal(document(20), 'fieldCost', 55_040, 50_000);
  });
});

describe('A create with an idempotency key', () => {
  it('counts with the calls that look for a token of an earlier request', async () => {
    const small = await startGateway({ env: { MAX_UPSTREAM_CALLS: '21' }, emulatorOf: gateway });
    const create = (name: string) => `${name}: createToken(input: $input) { userErrors { code } }`;
    const document = (...names: string[]) =>
      `mutation ($input: CreateTokenInput!) { ${names.map(create).join(' ')} }`;
    const input = {
      name: 'ab',
      idempotencyKey: 'key',
      authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwksUri: 'https://a.example' } },
    };
    const one = await small.query(document('a'), { input });
    const two = await small.query(document('a', 'b'), { input });
    const { idempotencyKey: _, ...withoutKey } = input;
    const twoWithoutKey = await small.query(document('a', 'b'), { input: withoutKey });
    await small.close();
    expect([one.errors, twoWithoutKey.errors]).toEqual([undefined, undefined]);
    expect(two.errors).toEqual(rejection('upstreamCalls', 22, 21));
    expect(gateway.calls()).toEqual([]);
  });
});

describe('Where introspection is off', () => {
  let locked: Gateway;
  beforeAll(async () => {
    locked = await startGateway({ env: { EXPLORER: 'off' } });
  });
  afterAll(() => locked.close());
  afterEach(() => expect(locked.calls()).toEqual([]));

  const create = (input: string) => `mutation { createToken(input: ${input}) { token { id } } }`;
  const method = 'publicKeyInfo: { jwksUri: "https://example.com" }';

  it.each([
    ['field', '{ tokns { nodes { id } } }'],
    ['field of an interface', '{ node(id: "1") { ari } }'],
    ['missing selection', '{ tokens }'],
    ['argument', '{ tokens(frst: 1) { nodes { id } } }'],
    ['type', '{ node(id: "1") { ... on Tokn { id } } }'],
    ['variable type', 'query ($id: IDD!) { token(id: $id) { id } }'],
    ['enum value', create(`{ name: "abc", authenticationMethod: { signingAlgorithm: RS257, ${method} } }`)],
    ['directive', '{ token(id: "1") @skpi(if: true) { id } }'],
    ['argument of a directive', '{ token(id: "1") @skip(fi: true) { id } }'],
    ['input field', create(`{ nam: "abc", authenticationMethod: { signingAlgorithm: RS256, ${method} } }`)],
    ['fragment', '{ ...Fragmnt } fragment Fragment on Query { token(id: "1") { id } }'],
  ])('a typo in a %s gets no hint', async (_, document) => {
    const { errors, text } = await locked.query(document);
    expect(errors?.length).toBeGreaterThan(0);
    expect(text).not.toMatch(/did you mean/i);
    expect(locked.log()).not.toMatch(/did you mean/i);
  });

  it('a typo in a variable gets no hint', async () => {
    const document = 'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }';
    const { text } = await locked.query(document, {
      input: { nam: 'abc', authenticationMethod: { signingAlgorithm: 'RS257', publicKeyInf: {} } },
    });
    expect(text).not.toMatch(/did you mean/i);
  });

  it('introspection is rejected, nested or not', async () => {
    const { errors } = await locked.query('{ __schema { types { name } } }');
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const nested = '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }';
    expect((await locked.query(nested)).errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('A response about mistakes', () => {
  const isShort = ({ errors, text }: Answer) => {
    expect(errors?.length).toBeLessThanOrEqual(5);
    expect(errors?.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(16_384);
  };

  it('names at most five of ten unknown directives', async () => {
    isShort(await gateway.query(`{ __typename ${repeat(10, () => '@aa')} }`));
  });

  it('names at most five of many unknown fields', async () => {
    isShort(await gateway.query(`{ tokens { ${repeat(290, (i) => `unknownField${i}`)} } }`));
    isShort(await gateway.query(`{ tokens { ${repeat(2000, (i) => `unknownField${i}`)} } }`));
    isShort(await gateway.query(`{ ${repeat(10, (i) => `${'x'.repeat(1400)}${i}`)} }`));
  });

  it('names at most five of many wrong variables', async () => {
    const document = `query (${repeat(50, (i) => `$v${i}: Int!`)}) { tokens { ${repeat(1, () => 'nodes { id }')} } }`;
    isShort(await gateway.query(document, {}));
  });
});
