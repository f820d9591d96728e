import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { createSchema, readTypeDefs } from '../../src/graphql/schema.ts';
import { post, shareGateway } from '../support/gateway.ts';
import { createRandom, readSeed } from '../support/random.ts';
import { createRandomOperations } from '../support/random-operation.ts';
import { sendRaw } from '../support/raw.ts';
import { type ReferenceFailure, startReference } from '../support/reference-server.ts';
import { share } from '../support/share.ts';

const FAULTS =
  'status-401 status-403 status-404 status-500 429-86400 leak badjson 204 null wrongtype missing nullfields unknown-enum wrong-id redirect-302'.split(
    ' ',
  );
/** More of them find more: each seed is printed. */
const RUNS = Number(process.env.EXECUTORS_RUNS ?? 25);
jest.setTimeout(120_000 + RUNS * 1000);
/** As the gateway runs by default, but without limits that random operations exceed, and without repeated reads. */
const ENV = {
  ADMIN_PORT: '0',
  UPSTREAM_RETRIES: '0',
  FEDERATION: 'true',
  MAX_UPSTREAM_CALLS: '10000',
  MAX_FIELD_COST: '10000000',
  MAX_ROOT_FIELDS: '1000',
  MAX_FIELDS: '100000',
  MAX_ALIASES: '10000',
  MAX_DEPTH: '100',
};
const TRACE_ID = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g;

const gateway = shareGateway({ env: ENV });
const reference = share(() => startReference(gateway.emulator.url, ENV));
let ids: string[];
beforeAll(() => {
  ids = gateway.emulator.tokensOf('demo').map(({ id }) => id);
});

interface Request {
  readonly query: string;
  readonly variables: object;
  readonly operationName?: string | undefined;
}

/** Data as text, since the order of its members counts. Errors come in the order in which things failed. */
function comparable(
  data: unknown,
  errors: readonly { message: string; path?: unknown; code?: unknown }[] = [],
) {
  const lines = errors.map(({ message, path, code }) => JSON.stringify({ message, path, code }));
  return { data: JSON.stringify(data), errors: lines.sort() };
}

/** User errors have trace ids, which differ each time. */
const withoutTraces = (data: unknown): unknown =>
  data && JSON.parse(JSON.stringify(data).replaceAll(TRACE_ID, 'an id'));

async function ask(url: string, request: Request) {
  const answer = await post(url, request, { authorization: 'Bearer demo' });
  return request.query.startsWith('mutation') ? { ...answer, data: withoutTraces(answer.data) } : answer;
}

async function askGateway(request: Request) {
  const { data, errors } = await ask(gateway.url, request);
  expect(errors).not.toEqual([]);
  return comparable(
    data,
    errors?.map(({ extensions: { code }, ...error }) => ({ ...error, code })),
  );
}

async function askReference(request: Request) {
  const { data, errors } = await ask(reference.url, request);
  const described = errors as readonly ReferenceFailure[] | undefined;
  return comparable(
    data,
    described?.map((error) => ({
      ...error,
      code: error.code ?? 'INTERNAL_SERVER_ERROR',
      message: error.code ? error.message : 'Internal server error',
    })),
  );
}

/**
 * Sends a request twice: it is interpreted at first, and then compiled. The gateway answers each as graphql-js does, or
 * rejects a misplaced null of a variable.
 */
async function expectSame(request: Request, times = 2): Promise<'answered' | 'failed' | 'rejected'> {
  const expected = await askReference(request);
  const answers = [];
  for (let count = 0; count < times; count++) answers.push(await askGateway(request));
  const [first] = answers;
  const refusedFor =
    first?.data === undefined &&
    /Variable \\"\$(\w+)\\" must (not be null|have a value)/.exec(first?.errors[0] ?? '')?.[1];
  const isRejected =
    refusedFor !== undefined &&
    refusedFor !== false &&
    (request.variables as Record<string, unknown>)[refusedFor] == null;
  const wanted = isRejected ? first : expected;
  expect({ request, answers }).toEqual({ request, answers: Array(times).fill(wanted) });
  if (isRejected) return 'rejected';
  return expected.errors.length > 0 ? 'failed' : 'answered';
}

type Outcomes = Record<'answered' | 'failed' | 'rejected', number>;
/** How often a compiled operation was run. */
async function countCompiled(): Promise<number> {
  const metrics = await gateway.metrics();
  return Number(/cache="compiled",outcome="hit"} (\d+)/.exec(metrics)?.[1]);
}

const isVaried = ({ answered, rejected }: Outcomes) => answered > 10 && rejected > 0;

describe('Every response to an operation is that of graphql-js', () => {
  const schema = createSchema(readTypeDefs(), { federation: true });

  it('for random queries, with other variables each time', async () => {
    const random = createRandom(readSeed('EXECUTORS_SEED'));
    const next = createRandomOperations(schema, random, {
      mutations: 0,
      maxFields: 15,
      hostileNames: 0.1,
      variableShare: 0.85,
      suggest(type, name) {
        const { [type.name]: suggestions } = {
          ID: [
            ...ids.slice(0, 9),
            '..',
            12,
            ...Array.from({ length: 8 }, () => `fault-${random.pick(FAULTS)}`),
          ],
          Int: name === 'first' ? [0, 1, 2, 3, -1, 101] : undefined,
          _Any: [{ __typename: 'Token', id: random.pick(ids) }, { __typename: 'Token' }, 'x', []],
        } as Record<string, unknown[] | undefined>;
        return suggestions && random.pick(suggestions);
      },
    });
    const outcomes = { answered: 0, failed: 0, rejected: 0 };
    // With some seeds few of the first queries can be compiled, or none has a null in the wrong place.
    const isEnough = async () => isVaried(outcomes) && outcomes.failed > 10 && (await countCompiled()) > 10;
    for (let run = 0; run < RUNS || (run < 10 * RUNS && !(await isEnough())); run++) {
      const { document: query, variables, nextVariables, operationName } = next();
      outcomes[await expectSame({ query, variables, operationName })]++;
      outcomes[await expectSame({ query, variables: nextVariables(), operationName }, 1)]++;
    }
    expect({ outcomes, isEnough: await isEnough() }).toEqual({ outcomes, isEnough: true });
  });

  it('for random mutations that change nothing', async () => {
    const random = createRandom(readSeed('MUTATIONS_SEED'));
    const next = createRandomOperations(schema, random, {
      mutations: 1,
      maxFields: 15,
      hostileNames: 0.3,
      suggest(type, name) {
        if (type.name === 'ID') return random.pick(['..', 'unknown', 'fault-status-403', 'fault-status-404']);
        if (name === 'jwksUri') return 'http://a.example';
        if (type.name === 'JsonWebKeySetInput') return { keys: [] };
        return undefined;
      },
    });
    const outcomes = { answered: 0, failed: 0, rejected: 0 };
    for (let run = 0; run < RUNS || (run < 10 * RUNS && !isVaried(outcomes)); run++) {
      const { document: query, variables, nextVariables, operationName } = next();
      outcomes[await expectSame({ query, variables, operationName })]++;
      outcomes[await expectSame({ query, variables: nextVariables(), operationName }, 1)]++;
    }
    expect({ outcomes, isVaried: isVaried(outcomes) }).toEqual({ outcomes, isVaried: true });
  });

  it.each(['nullfields', 'wrongtype', 'missing', 'unknown-enum', 'badjson', 'leak-403'])(
    'for a list whose items are invalid (%s)',
    async (fault) => {
      gateway.emulator.faults.add({ fault });
      await expectSame({
        query:
          'query ($first: Int) { tokens(first: $first) { edges { cursor node { id name projects { edges { node { name } policy { statements { actions } } } } } } pageInfo { hasNextPage } } }',
        variables: { first: 3 },
      });
      gateway.emulator.faults.clear();
    },
  );

  it.each([
    [
      'introspection',
      getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true, specifiedByUrl: true }),
    ],
    [
      'types by name',
      'query ($n: String! = "Token") { __type(name: $n) { kind name toString: fields { name type { ofType { kind } } } } }',
    ],
    [
      'names of types',
      '{ a: __typename tokens(first: 1) { __typename nodes { __typename authenticationMethod { publicKeyInfo { __typename ... on JsonWebKeySet { keys { __typename kid } } } } } } }',
    ],
    [
      'fields that merge',
      '{ tokens(first: 2) { nodes { id } } ...A ... { tokens(first: 2) { pageInfo { hasNextPage } } } } fragment A on Query { tokens(first: 2) { edges { cursor } nodes { name id } } }',
    ],
    [
      'interfaces',
      'query ($id: ID!) { node(id: $id) { __typename id ... on Node { again: id } ... on Token { name ...T } } } fragment T on Node { id ... on Token { ari } }',
    ],
    [
      'what is left out in several ways',
      'query ($a: Boolean!, $b: Boolean! = false) { x: __typename @skip(if: $a) @include(if: $b) tokens(first: 1) { nodes { id @include(if: $a) name @skip(if: $b) } ... @include(if: $a) { nodes { ari } } ...P @skip(if: $a) } } fragment P on TokenConnection { pageInfo { endCursor } }',
    ],
    [
      'nothing that is left',
      'query ($a: Boolean!) { tokens(first: 1) { nodes { id @include(if: $a) } ...P } } fragment P on TokenConnection { pageInfo @skip(if: true) { hasNextPage } }',
    ],
  ])('for %s', async (_title, query) => {
    const names = ['a', 'b', 'id'].filter((name) => query.includes(`$${name}`));
    const values = [{ a: true, b: true }, { a: true, b: false }, { a: false, b: true }, { a: false }];
    for (const each of values) {
      const given = Object.entries({ ...each, id: ids[0] }).filter(([name]) => names.includes(name));
      await expectSame({ query, variables: Object.fromEntries(given) });
    }
  });
});

describe('An operation that is sent again', () => {
  it('is not compiled when it is about the schema, which would take longer than to run it', async () => {
    const before = await countCompiled();
    const texts = await sendThreeTimes('{ __schema { types { name fields { name } } } }', {});
    expect(new Set(texts).size).toBe(1);
    expect(await countCompiled()).toBe(before);
    await sendThreeTimes('{ tokens(first: 1) { nodes { ari } } }', {});
    expect(await countCompiled()).toBe(before + 2);
  });

  const sendThreeTimes = async (document: string, variables: object) => {
    const texts: string[] = [];
    for (let count = 0; count < 3; count++) texts.push((await gateway.query(document, variables)).text);
    return texts;
  };

  it('gets the same response when it was compiled', async () => {
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

  it('never runs text of a client as a program, if it comes for two operations of a document at once', async () => {
    const marker = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d';
    const operation = (name: string) =>
      `query ${name} { token(id: "${marker}(globalThis.programOf${name} = true)") { id } }`;
    const query = `${operation('A')} ${operation('B')}`;
    const request = (operationName: string, headers: readonly string[] = []) =>
      [
        `GET /graphql?${new URLSearchParams({ query, operationName })} HTTP/1.1`,
        'host: localhost',
        'authorization: Bearer demo',
        'apollo-require-preflight: 1',
        ...headers,
        '\r\n',
      ].join('\r\n');
    // Bytes that arrive together are requests that run together.
    const { text } = await sendRaw(gateway.origin, request('A') + request('B', ['connection: close']));
    expect(text.match(/is not a valid token id/g)).toHaveLength(2);
    for (const operationName of ['A', 'B', 'A', 'B']) {
      const { errors } = await ask(gateway.url, { query, variables: {}, operationName });
      expect(errors).toMatchObject([{ message: expect.stringContaining('is not a valid token id') }]);
    }
    expect(globalThis).not.toHaveProperty('programOfA');
    expect(globalThis).not.toHaveProperty('programOfB');
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

  it('leaves out members of its input for which variables are absent', async () => {
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

  it('reports where the fields are that failed, also if they merge', async () => {
    const document = `query ($id: ID!) { token(id: $id) { id } ...F }
      fragment F on Query { token(id: $id) { name } b: token(id: $id) { id } }`;
    const [first, ...others] = await sendThreeTimes(document, { id: '..' });
    const { errors } = JSON.parse(first ?? '');
    expect(errors.map(({ locations }: { locations: object[] }) => locations.length)).toEqual([2, 1]);
    expect(others).toEqual([first, first]);
  });

  it('reports errors in the order of the first time', async () => {
    const document = '{ tokens(first: 2) { nodes { projects { edges { policy { version } } } } } }';
    const paths: unknown[] = [];
    for (let count = 0; count < 3; count++) {
      gateway.emulator.faults.add({ fault: 'status-403', operation: 'listProjectsOfToken', times: 1 });
      gateway.emulator.faults.add({ fault: 'missing', operation: 'listProjectsOfToken', times: 1 });
      const { errors } = await gateway.query(document);
      paths.push(errors?.map(({ path }) => path?.join('.')));
      gateway.emulator.faults.clear();
    }
    expect(paths[0]).toHaveLength(2);
    expect(paths.slice(1)).toEqual([paths[0], paths[0]]);
  });

  it('reports errors in the order of their fields, whichever failed first', async () => {
    gateway.emulator.faults.add({ fault: 'status-403', operation: 'listProjectsOfToken' });
    gateway.emulator.faults.add({ fault: 'status-500', operation: 'listToken' });
    // The projects fail after two calls, the list after one, and `b` before any.
    const document = `query ($id: ID!) { a: token(id: $id) { projects { nodes { id } } } c: tokens { nodes { id } }
      b: tokens(first: -1) { nodes { id } } nodes(ids: [$id, "fault-status-403", "fault-status-500"]) { id } }`;
    const [first, ...others] = await sendThreeTimes(document, { id: ids[0] });
    const { errors } = JSON.parse(first ?? '');
    expect(errors.map(({ path }: { path: string[] }) => path.join('.'))).toEqual([
      'a.projects',
      'c',
      'b',
      'nodes.1',
      'nodes.2',
    ]);
    const withoutIds = (text: string) => text.replaceAll(TRACE_ID, 'an id');
    expect(others.map(withoutIds)).toEqual(Array(2).fill(withoutIds(first ?? '')));
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

  it.each([
    ['a list', 'listToken', '{ tokens(first: 2) { nodes { id } pageInfo { hasNextPage } } }'],
    ['projects', 'listProjectsOfToken', '{ tokens(first: 3) { nodes { id projects { nodes { id } } } } }'],
    ['tokens by id', undefined, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'],
  ] as const)('calls the API no more often when reads fail: %s', async (_what, operation, document) => {
    gateway.emulator.faults.add({ fault: 'status-500', operation });
    const calls: string[][] = [];
    for (let count = 0; count < 3; count++) {
      const before = gateway.calls().length;
      const variables = operation ? {} : { ids: ids.slice(0, 5) };
      expect((await gateway.query(document, variables)).errors).toBeDefined();
      calls.push(gateway.calls().slice(before).sort());
    }
    gateway.emulator.faults.clear();
    expect(calls).toEqual([calls[0], calls[0], calls[0]]);
  });

  it('starts nothing after a root field that makes the whole response null', async () => {
    const document = `query ($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: token(id: "..") { id } }`;
    for (const text of await sendThreeTimes(document, { ids: Array(101).fill('x') })) {
      const { data, errors } = JSON.parse(text);
      expect(data).toBeNull();
      expect(errors.map(({ path }: { path: string[] }) => path)).toEqual([['a']]);
    }
  });
});
