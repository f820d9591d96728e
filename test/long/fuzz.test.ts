import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { leakCanaries } from '../../src/emulator/fault-responses.ts';
import { createSchema, readTypeDefs } from '../../src/graphql/schema.ts';
import { RSA_JWK } from '../support/keys.ts';
import { createLoadClient, type LoadClient, type Reply, runLoad, tellFigure } from '../support/load.ts';
import { createRandom, readSeed } from '../support/random.ts';
import { createRandomOperations } from '../support/random-operation.ts';
import { createRandomRequests } from '../support/random-request.ts';
import { codesOf, problemsOf } from '../support/response-rules.ts';
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts';

const CREDENTIAL = 'credential-canary';
const CANARY = 'VARIABLE-CANARY';
const DEADLINE_MS = 1500;
const CONCURRENCY = 20;

/** What may go wrong upstream, the quick ones more often than those that keep a request waiting or send megabytes. */
const QUICK_FAULTS =
  'status-400 status-401 status-403 status-404 status-409 status-418 status-500 status-503 500-empty html502 403-unauthorized 401-expired 429-0 429-86400 429-none 429-negative leak leak-403 badjson html200 empty null array string 204 wrongtype missing nullfields unknown-enum wrong-id reset close truncated truncated-chunked reset-mid idle-reset garbage twolengths bigheaders badgzip latency-20 flaky-1 flaky-reset-1 redirect-302 redirect-same redirect-loop redirect-file page-repeat page-empty page-short page-ignore after-reset after-500'.split(
    ' ',
  );
const SLOW_FAULTS = 'hang hang-body slowdrip latency-800 half-open huge huge-name after-hang'.split(' ');

jest.setTimeout(300_000);

const seed = readSeed('FUZZ_SEED');
const random = createRandom(seed);
const pickFault = () => random.pick(random.chance(0.98) ? QUICK_FAULTS : SLOW_FAULTS);

let emulator: Emulator;
let gateway: WatchedGateway;
let client: LoadClient;
let ids: string[];
const cursors: string[] = [''];

beforeAll(async () => {
  const tokens = Array.from({ length: 30 }, () => ({ projects: [{}, {}, {}] }));
  emulator = await startEmulator({
    seed: { principals: { [CREDENTIAL]: { tokens }, somebody: { tokens: [{}] } } },
    maxCalls: 1_000_000,
  });
  ids = [...emulator.tokensOf(CREDENTIAL), ...emulator.tokensOf('somebody')].map(({ id }) => id);
  gateway = await startWatchedGateway({
    API_GATEWAY_URL: emulator.url,
    LOG_LEVEL: 'debug',
    EXPLORER: 'off',
    INTROSPECTION: 'true',
    REQUEST_DEADLINE_MS: String(DEADLINE_MS),
    UPSTREAM_READ_TIMEOUT_MS: '500',
    UPSTREAM_WRITE_TIMEOUT_MS: '1000',
  });
  client = createLoadClient(gateway.url, CONCURRENCY);
});
afterAll(async () => {
  await client.close();
  expect(await gateway.stop()).toBe(0);
  await emulator.close();
});

const nextOperation = createRandomOperations(createSchema(readTypeDefs()), random, {
  maxFields: 20,
  wrong: 0.03,
  canary: CANARY,
  suggest(type, name) {
    if (type.name === 'ID')
      return random.chance(0.3) ? `fault-${pickFault()}` : random.pick([...ids, '..', 'x']);
    if (type.name === 'JsonWebKeySetInput') return { keys: [RSA_JWK] };
    if (name === 'first') return random.pick([0, 1, 2, 3, 5, 20, 100, -1, 101, 2_147_483_647]);
    if (name === 'after') return random.pick(cursors);
    if (name === 'jwksUri') return random.pick(['https://keys.example.com/jwks', 'http://169.254.169.254/']);
    if (name === 'idempotencyKey') return random.pick(['key-1', 'key-2', undefined]);
    return undefined;
  },
});

describe('5000 random HTTP requests', () => {
  it('get JSON and a code of the list, and repeat no secret', async () => {
    const nextRequest = createRandomRequests(random, {
      envelope: () => ({ query: '{ tokens { nodes { id name } } }', variables: { a: CANARY } }),
      authorization: `Bearer ${CREDENTIAL}`,
      canary: CANARY,
    });
    await expectNoProblems(5_000, async () => {
      const { path, ...options } = nextRequest();
      const reply = await client.send(path, options);
      // Neither has a body by its nature.
      const isBare = options.method === 'HEAD' || reply.status === 204;
      return {
        reply: isBare ? { ...reply, text: '{}' } : reply,
        sent: { path, ...options, body: String(options.body) },
      };
    });
  });
});

describe('5000 random operations over an IAM API that fails at random', () => {
  it('get JSON and codes of the list in time, and repeat no secret', async () => {
    emulator.resetCalls();
    const fields = new Map<string, number>();
    await expectNoProblems(5_000, async (index) => {
      if (index % 50 === 0) planFaults();
      const { document: query, variables, operationName } = nextOperation();
      const id = `operation-${index}`;
      const sent = { query, variables, operationName };
      const reply = await sendOperation(id, sent);
      fields.set(id, rootObjectsOf(reply));
      for (const [, cursor = ''] of reply.text.matchAll(/"endCursor":"([^"]+)"/g))
        cursors[index % 20] = cursor;
      return { reply, sent };
    });
    emulator.faults.clear();
    const writes = countWrites();
    const tooMany = [...writes].filter(([id, count]) => count > (fields.get(id) ?? 0));
    const total = [...writes.values()].reduce((sum, count) => sum + count, 0);
    tellFigure(
      `random operations: ${emulator.calls.length} upstream calls, ${total} writes, ${tooMany.length} sent twice`,
    );
    expect(total).toBeGreaterThan(100);
    expect(tooMany).toEqual([]);
  });
});

const MUTATIONS = [
  'mutation ($name: String!) { updateToken(input: { id: "fault-none", name: $name }) { token { id } } }',
  'mutation { deleteToken(input: { id: "fault-none" }) { deletedTokenId } }',
  'mutation ($name: String!) { createToken(input: { name: $name, authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://a.example/jwks" } } }) { token { id } } }',
];

describe('1000 mutations over an IAM API that fails each time', () => {
  it('are sent once each, and the caller of a lost one learns that it was not sent or that its outcome is unknown', async () => {
    emulator.resetCalls();
    const replies = new Map<string, string>();
    await expectNoProblems(1000, async (index) => {
      const sent = { query: MUTATIONS[index % 3], variables: { name: `name ${index}` } };
      const reply = await sendOperation(`write-${index}`, sent, `${CREDENTIAL}~${pickFault()}`);
      replies.set(`write-${index}`, reply.text);
      return { reply, sent };
    });
    const writes = countWrites();
    const lost = Array.from({ length: 1000 }, (_, index) => `write-${index}`).filter((id) => !writes.has(id));
    tellFigure(
      `1000 mutations under faults: ${emulator.calls.length} writes arrived, ${lost.length} lost on the way`,
    );
    expect([...writes].filter(([, count]) => count > 1)).toEqual([]);
    // A connection may close before the first byte of a request: then nothing was sent.
    const honest = /"mayHaveSucceeded":true|"code":"UPSTREAM_UNAVAILABLE"/;
    expect(lost.map((id) => replies.get(id)).filter((text) => !honest.test(text ?? ''))).toEqual([]);
    expect(lost.length).toBeLessThan(100);
  });
});

describe('After all these random requests', () => {
  it('the gateway responds as before, and its log has no secret and no unexpected error', async () => {
    const { text } = await client.query({
      document: '{ tokens(first: 1) { nodes { __typename } } }',
      as: CREDENTIAL,
    });
    expect(text).toBe('{"data":{"tokens":{"nodes":[{"__typename":"Token"}]}}}\n');
    const lines = gateway.output().split('\n');
    expect(lines.length).toBeGreaterThan(10_000);
    const secrets = [
      CREDENTIAL,
      CANARY,
      ...leakCanaries,
      '"msg":"unexpected error"',
      '"level":"error"',
      '"level":"fatal"',
    ];
    expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
  });
});

function sendOperation(requestId: string, body: object, bearer = CREDENTIAL): Promise<Reply> {
  return client.send('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${bearer}`,
      'x-request-id': requestId,
    },
    body: JSON.stringify(body),
  });
}

interface Exchange {
  readonly reply: Reply;
  readonly sent: unknown;
}

/** Sends `total` and fails with the first few answers that are not as each answer has to be. */
async function expectNoProblems(
  total: number,
  exchange: (index: number) => Promise<Exchange>,
): Promise<void> {
  const problems: string[] = [];
  const codes: Record<string, number> = {};
  // A machine that is busy otherwise stalls this process as well as the gateway; that is not the gateway's doing.
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const { lost, maxMs, seconds } = await runLoad({
    concurrency: CONCURRENCY,
    until: (index) => index >= total,
    async send(index) {
      const { reply, sent } = await exchange(index);
      const found = problemsOf(reply, [CREDENTIAL, CANARY, new URL(emulator.url).host]);
      if (found.length > 0)
        problems.push(`${found}: ${JSON.stringify([reply.status, reply.text.slice(0, 500), sent])}`);
      const own = codesOf(reply) ?? [];
      for (const code of own.length > 0 ? own : ['OK']) codes[code] = (codes[code] ?? 0) + 1;
      return reply;
    },
  });
  delay.disable();
  const stallMs = Math.round(delay.max / 1e6);
  tellFigure(
    `${total} in ${seconds.toFixed(0)} s, slowest ${maxMs} ms (longest stall here ${stallMs} ms), ${JSON.stringify(codes)}`,
  );
  expect({ problems: problems.slice(0, 5), lost: lost.slice(0, 5) }).toEqual({ problems: [], lost: [] });
  expect(maxMs).toBeLessThan(DEADLINE_MS + 1000 + 2 * stallMs);
}

/** How many mutations ran, if this answers mutations: each gives an object or null, `__typename` a text. */
function rootObjectsOf({ text }: Reply): number {
  const { data } = JSON.parse(text) as { data?: Record<string, unknown> | null };
  return Object.values(data ?? {}).filter((value) => typeof value !== 'string').length;
}

/** Faults for whole operations, on top of those that ids ask for. */
function planFaults(): void {
  emulator.faults.clear();
  for (const operation of [
    'listToken',
    'listProjectsOfToken',
    'createToken',
    'updateToken',
    'deleteToken',
  ] as const) {
    emulator.faults.add({ fault: pickFault(), operation, times: 1 + random.integer(10) });
  }
}

function countWrites(): Map<string, number> {
  const writes = new Map<string, number>();
  for (const { method, headers } of emulator.calls) {
    const id = String(headers['x-request-id']);
    if (method !== 'GET') writes.set(id, (writes.get(id) ?? 0) + 1);
  }
  return writes;
}
