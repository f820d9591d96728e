import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Gateway, shareGateway, startGateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';
import { timed } from '../support/stopwatch.ts';
import { createTcpServers } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code field } } }';

const gateway = shareGateway();
let caller = 0;
beforeEach(() => {
  caller++;
});

function createInput(idempotencyKey: string) {
  const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
  return { name: 'billing-worker', authenticationMethod, idempotencyKey };
}
function create(idempotencyKey: string, more: object = {}) {
  const input = { ...createInput(idempotencyKey), ...more };
  return gateway.query(CREATE, { input }, { authorization: `Bearer caller-${caller}` });
}
const posts = () => gateway.calls().filter((call) => call === 'POST /v1/tokens').length;
async function count(): Promise<number> {
  const { data } = await gateway.query(
    '{ tokens { nodes { id } } }',
    {},
    { authorization: `Bearer caller-${caller}` },
  );
  return data.tokens.nodes.length;
}

describe('The same idempotency key', () => {
  it('returns the token that was created the first time', async () => {
    const first = await create('key-1');
    const second = await create('key-1');
    expect(second.data.createToken.token).toEqual(first.data.createToken.token);
    expect(posts()).toBe(1);
  });

  it('sent twice at once creates one token', async () => {
    const [first, second] = await Promise.all([create('key-1'), create('key-1')]);
    expect(second.data.createToken.token).toEqual(first.data.createToken.token);
    expect(posts()).toBe(1);
  });

  it('with another input is a conflict, and nothing is sent', async () => {
    await create('key-1');
    const { data } = await create('key-1', { name: 'another name' });
    expect(data.createToken).toEqual({
      token: null,
      userErrors: [{ code: 'CONFLICT', field: ['input', 'idempotencyKey'] }],
    });
    expect(posts()).toBe(1);
  });

  it('with another input is a conflict while the first request runs, too', async () => {
    const [first, second] = await Promise.all([create('key-1'), create('key-1', { name: 'another name' })]);
    const outcomes = [first, second].map(({ data }) => data.createToken.userErrors);
    expect(outcomes).toContainEqual([]);
    expect(outcomes).toContainEqual([{ code: 'CONFLICT', field: ['input', 'idempotencyKey'] }]);
    expect(posts()).toBe(1);
  });

  it('of another caller is another key', async () => {
    await create('key-1');
    caller++;
    const { data } = await create('key-1');
    expect(data.createToken.userErrors).toEqual([]);
    expect(posts()).toBe(2);
  });

  it.each(['after-reset', 'after-500'])(
    'after a lost response (%s) finds the token that was created',
    async (fault) => {
      gateway.emulator.faults.add({ fault, operation: 'createToken', times: 1 });
      const lost = await create('key-1');
      expect(lost.errors?.[0]?.extensions.mayHaveSucceeded).toBe(true);
      const found = await create('key-1');
      expect(found.data.createToken.token.id).toEqual(expect.any(String));
      expect([posts(), await count()]).toEqual([1, 1]);
    },
  );

  it('after a lost response does not return an equal token that existed before', async () => {
    await create('key-0');
    gateway.emulator.faults.add({ fault: 'status-500', operation: 'createToken', times: 1 });
    await create('key-1');
    const made = await create('key-1');
    expect(made.data.createToken.userErrors).toEqual([]);
    expect([posts(), await count()]).toEqual([3, 2]);
  });

  it('is free again after a rejection', async () => {
    gateway.emulator.faults.add({ fault: 'status-400', operation: 'createToken', times: 1 });
    const rejected = await create('key-1');
    expect(rejected.data.createToken.userErrors).toMatchObject([{ code: 'INVALID' }]);
    const made = await create('key-1', { name: 'another name' });
    expect(made.data.createToken.userErrors).toEqual([]);
  });

  it('whose token has been deleted since says so, and creates no other', async () => {
    const { data } = await create('key-1');
    await gateway.query(
      'mutation ($id: ID!) { deleteToken(input: { id: $id }) { deletedTokenId } }',
      { id: data.createToken.token.id },
      { authorization: `Bearer caller-${caller}` },
    );
    const again = await create('key-1');
    expect(again.data.createToken).toMatchObject({ token: null, userErrors: [{ code: 'NOT_FOUND' }] });
    expect(posts()).toBe(1);
  });
});

describe('The same idempotency key with another description', () => {
  it('is a conflict', async () => {
    await create('key-1', { description: 'first' });
    const { data } = await create('key-1', { description: 'second' });
    expect(data.createToken.userErrors).toEqual([{ code: 'CONFLICT', field: ['input', 'idempotencyKey'] }]);
  });
});

describe('A read that a write needs first', () => {
  const failed = async (answer: ReturnType<typeof create>) => {
    const { data, errors } = await answer;
    return [data.createToken ?? data.updateToken ?? null, errors?.map(({ extensions }) => extensions)];
  };

  it.each([
    ['status-500', 'UPSTREAM_ERROR', 500],
    ['status-400', 'UPSTREAM_ERROR', 400],
    ['status-409', 'CONFLICT', 409],
  ])('that fails (%s) says of a create that nothing was sent', async (fault, code, upstreamStatus) => {
    gateway.emulator.faults.add({ fault, operation: 'listToken' });
    expect(await failed(create('key-1'))).toEqual([
      null,
      [{ code, upstreamStatus, traceId: expect.any(String) }],
    ]);
    expect(posts()).toBe(0);
    gateway.emulator.faults.clear();
    expect((await create('key-1')).data.createToken.userErrors).toEqual([]);
  });

  it('that fails says of a repeated create that nothing was sent', async () => {
    await create('key-1');
    gateway.emulator.faults.add({ fault: 'reset', operation: 'getToken' });
    expect(await failed(create('key-1'))).toEqual([null, [{ code: 'UPSTREAM_UNAVAILABLE' }]]);
    expect(posts()).toBe(1);
  });

  it.each([
    ['reset', { code: 'UPSTREAM_UNAVAILABLE' }],
    ['status-400', { code: 'UPSTREAM_ERROR', upstreamStatus: 400, traceId: expect.any(String) }],
  ])('that fails (%s) says of a partial update that nothing was sent', async (fault, extensions) => {
    const { data } = await create('key-1');
    gateway.emulator.faults.add({ fault, operation: 'getToken' });
    const update =
      'mutation ($id: ID!) { updateToken(input: { id: $id, authenticationMethod: { type: PRIVATE_KEY } }) { token { id } } }';
    const answer = gateway.query(
      update,
      { id: data.createToken.token.id },
      { authorization: `Bearer caller-${caller}` },
    );
    expect(await failed(answer)).toEqual([null, [extensions]]);
    expect(gateway.calls().filter((call) => call.startsWith('PATCH'))).toEqual([]);
  });
});

/** `count` creates in one operation, each with a key of its own. */
function createMany(to: Gateway, keys: readonly string[], authorization: string) {
  const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
  const inputs = keys.map((idempotencyKey) => ({
    name: 'one of many',
    authenticationMethod,
    idempotencyKey,
  }));
  const names = keys.map((_, at) => `$i${at}: CreateTokenInput!`).join(', ');
  const fields = keys.map(
    (_, at) => `c${at}: createToken(input: $i${at}) { token { id } userErrors { code } }`,
  );
  const variables = Object.fromEntries(inputs.map((input, at) => [`i${at}`, input]));
  return to.query(`mutation (${names}) { ${fields.join(' ')} }`, variables, { authorization });
}

describe('A caller with many tokens', () => {
  const seed = {
    principals: {
      several: { tokens: Array.from({ length: 250 }, () => ({})) },
      many: { tokens: Array.from({ length: 10_000 }, () => ({})) },
    },
  };
  let large: Gateway;
  beforeAll(async () => {
    large = await startGateway({ emulator: { seed } });
  });
  afterAll(() => large.close());
  beforeEach(() => {
    large.emulator.faults.clear();
    large.forgetCalls();
  });
  const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
  const method = (name: string) => large.calls().filter((call) => call.startsWith(`${name} `)).length;

  it('that creates twenty at once reads the list once', async () => {
    const { data, errors } = await createMany(large, keys, 'Bearer several');
    expect(errors).toBeUndefined();
    expect(new Set(Object.values<{ token: { id: string } }>(data).map(({ token }) => token.id)).size).toBe(
      20,
    );
    expect([method('GET'), method('POST')]).toEqual([3, 20]);
  });

  it('more than can be searched can still create, in as many calls as were predicted', async () => {
    const { errors } = await createMany(large, keys, 'Bearer many');
    expect(errors).toBeUndefined();
    expect([method('GET'), method('POST')]).toEqual([20, 20]);
    const again = await createMany(large, keys.slice(0, 1), 'Bearer many');
    expect(again.data.c0.userErrors).toEqual([]);
    expect(method('POST')).toBe(20);
  });

  it('more than can be searched gets no second token, and an error that the outcome cannot be found out', async () => {
    large.emulator.faults.add({ fault: 'after-500', operation: 'createToken', times: 1 });
    const lost = await createMany(large, ['lost'], 'Bearer many');
    expect(lost.errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_ERROR', mayHaveSucceeded: true });
    for (const _ of [1, 2]) {
      const { data } = await createMany(large, ['lost'], 'Bearer many');
      expect(data.c0).toEqual({ token: null, userErrors: [{ code: 'CONFLICT' }] });
    }
    expect(method('POST')).toBe(1);
  });
});

describe('While the outcome of a create is not known', () => {
  const DEADLINE_MS = 3000;
  /** Machines are busy. A second wait would take almost as long as the deadline. */
  const SLACK_MS = 1000;
  let quick: Gateway;
  beforeAll(async () => {
    quick = await startGateway({ env: { REQUEST_DEADLINE_MS: String(DEADLINE_MS) } });
  });
  afterAll(() => quick.close());
  beforeEach(() => {
    quick.emulator.faults.clear();
    quick.forgetCalls();
  });
  const ask = (...keys: string[]) => createMany(quick, keys, `Bearer caller-${caller}`);
  const made = () => quick.emulator.tokensOf(`caller-${caller}`);
  const sent = () => quick.calls().filter((call) => call.startsWith('POST')).length;
  const fail = (fault: string) => quick.emulator.faults.add({ fault, operation: 'createToken', times: 1 });

  it('a repeat waits for the token that appears late, and creates no other', async () => {
    fail('reset-late-500');
    const lost = await ask('late');
    expect(lost.errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE', mayHaveSucceeded: true });
    const { data } = await ask('late');
    expect(made()).toEqual([expect.objectContaining({ id: data.c0.token.id })]);
    expect(sent()).toBe(1);
  });

  it('a repeat whose deadline passes learns when to retry, and then gets its token', async () => {
    fail('reset');
    await ask('never');
    const { value: early, ownMs } = await timed(ask('never'));
    expect(ownMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    const { code, retryAfter, ...rest } = early.errors?.[0]?.extensions ?? {};
    expect([code, rest]).toEqual(['OVERLOADED', {}]);
    expect(sent()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, Number(retryAfter) * 1000));
    const { data } = await ask('never');
    expect(made()).toEqual([expect.objectContaining({ id: data.c0.token.id })]);
    expect(sent()).toBe(2);
  });

  it('a repeat also learns when to retry where IAM is too slow to look for the token', async () => {
    fail('reset');
    await ask('slow');
    quick.emulator.faults.add({ fault: 'hang', operation: 'listToken' });
    const { errors } = await ask('slow');
    expect(errors?.[0]?.extensions).toEqual({ code: 'OVERLOADED', retryAfter: expect.any(Number) });
    expect(sent()).toBe(1);
  });

  it('several repeats at once get the one token', async () => {
    fail('reset-late-700');
    await ask('crowd');
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('crowd')));
    expect(made()).toHaveLength(1);
    for (const { data } of answers) expect(data.c0.token.id).toBe(made()[0]?.id);
  });

  it('one operation that waits for several creates ends within its deadline', async () => {
    // At once, so that no lease ends while the first one is waited for.
    const keys = ['a', 'b', 'c'];
    for (const _ of keys) fail('reset');
    await Promise.all(keys.map((key) => ask(key)));
    const { value, ownMs } = await timed(ask('a', 'b', 'c'));
    expect(ownMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    const [first, ...others] = value.errors?.map(({ extensions }) => extensions.code) ?? [];
    expect([first, others]).toEqual(['OVERLOADED', [expect.any(String), expect.any(String)]]);
    // A busy machine may come to these only after the deadline.
    for (const code of others) expect(['OVERLOADED', 'UPSTREAM_TIMEOUT']).toContain(code);
    expect(sent()).toBe(3);
  });

  it('no create is sent again at once, whichever error came back', async () => {
    // At once, since each one waits until its deadline.
    const faults = ['status-503', 'html504', '500-empty', 'truncated', 'badjson'];
    const outcomes = faults.map(async (fault) => {
      const principal = `after-${fault}`;
      quick.emulator.faults.add({ fault, operation: 'createToken', principal, times: 1 });
      await createMany(quick, ['again'], `Bearer ${principal}`);
      const { data, errors } = await createMany(quick, ['again'], `Bearer ${principal}`);
      const [token] = quick.emulator.tokensOf(principal);
      expect([data.c0?.token?.id, errors?.[0]?.extensions.code]).toEqual(
        token ? [token.id, undefined] : [undefined, 'OVERLOADED'],
      );
    });
    await Promise.all(outcomes);
    expect(sent()).toBe(faults.length);
  });
});

describe('A client that leaves', () => {
  it.each([
    ['while tokens are looked through', 'listToken', 'GET'],
    ['while the create is on its way', 'createToken', 'POST'],
  ] as const)('%s takes nothing from another with the same key', async (_, operation, method) => {
    gateway.emulator.faults.add({ fault: 'latency-600', operation, times: 1 });
    const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
    const input = { name: 'billing-worker', authenticationMethod, idempotencyKey: 'key-1' };
    const headers = { 'content-type': 'application/json', authorization: `Bearer caller-${caller}` };
    const leaves = request(gateway.url, { method: 'POST', headers, agent: false });
    leaves.on('error', () => {}).end(JSON.stringify({ query: CREATE, variables: { input } }));
    await until(() => gateway.calls().some((call) => call.startsWith(method)));
    const stays = create('key-1');
    await new Promise((resolve) => setTimeout(resolve, 100));
    leaves.destroy();
    const { data } = await stays;
    expect(data.createToken.userErrors).toEqual([]);
    expect(posts()).toBe(1);
  });
});

describe('A Redis behind a proxy that mixes up replies counts as lost', () => {
  const servers = createTcpServers();
  let replica: Gateway | undefined;
  afterEach(async () => {
    await replica?.close();
    servers.close();
  });

  /** Each command gets the reply to a `SET`, which is what a probe sends. */
  async function start(rateLimitPerSecond: string): Promise<Gateway> {
    const redis = createServer((socket) =>
      socket.on('data', (data) => {
        const commands = String(data).match(/^\*\d+\r$/gm) ?? [];
        socket.write('+OK\r\n'.repeat(commands.length));
      }),
    );
    const url = `redis://127.0.0.1:${await servers.listen(redis)}`;
    const env = { REDIS_URL: url, RATE_LIMIT_PER_SECOND: rateLimitPerSecond };
    const started = await startGateway({ emulatorOf: gateway, env });
    replica = started;
    const readyz = async () => (await fetch(`${started.origin}/readyz`)).text();
    await until(async () => (await readyz()).includes('redis: ok\n'));
    gateway.forgetCalls();
    return started;
  }

  it('and a create is rejected for now', async () => {
    const { query, linesWith } = await start('0');
    const { errors } = await query(CREATE, { input: createInput('key-1') });
    expect(errors?.[0]?.extensions).toEqual({ code: 'OVERLOADED', retryAfter: 1 });
    expect(gateway.calls()).toEqual([]);
    expect(linesWith('Redis is lost')).toMatchObject([{ cause: 'unexpected reply' }]);
  });

  it('and the rate limit is that of the process', async () => {
    const { query } = await start('50');
    const { headers, errors } = await query('{ __typename }');
    expect(errors).toBeUndefined();
    expect(headers.get('ratelimit')).toBe('"default";r=99;t=1');
  });
});
