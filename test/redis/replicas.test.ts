import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, type Gateway, post, startGateway } from '../support/gateway.ts';
import { rawRequest, sendRaw } from '../support/raw.ts';
import { until } from '../support/until.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { startLink } from './slow-link.ts';
import { CREATE, createInput, lossesIn, untilRedis, untilServed } from './support.ts';

let redis: RedisServer;
let one: Gateway;
let two: Gateway;
beforeAll(async () => {
  redis = await startRedis();
  const env = { REDIS_URL: redis.url, APQ: 'true', ADMIN_PORT: '0' };
  one = await startGateway({ env, authorization: 'Bearer replicas' });
  two = await startGateway({ env, emulatorOf: one, authorization: 'Bearer replicas' });
  await Promise.all([untilRedis(one.origin, 'ok'), untilRedis(two.origin, 'ok')]);
});
afterAll(async () => {
  await two?.close();
  await one?.close();
  await redis?.kill();
});
const create = (gateway: Gateway, ...input: Parameters<typeof createInput>) =>
  untilServed(() => gateway.query(CREATE, createInput(...input)));
const DEMO = { authorization: 'Bearer demo' };
const posts = () => one.calls().filter((call) => call === 'POST /v1/tokens').length;

/** Registers the query's text at one replica, and asks another for it by its hash alone. */
const PERSISTED = {
  version: 1,
  sha256Hash: 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38',
};
async function persisted(gateway: Gateway, query?: string): Promise<unknown> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer replicas' },
    body: JSON.stringify({ query, extensions: { persistedQuery: PERSISTED } }),
  });
  return response.json();
}

describe('With Redis, replicas', () => {
  it('make one token for a key that comes to both at once', async () => {
    one.forgetCalls();
    one.emulator.faults.add({ fault: 'latency-100', operation: 'createToken', times: 1 });
    const [first, second] = await Promise.all([one, two].map((gateway) => create(gateway, 'both')));
    expect(first?.data.createToken.userErrors).toEqual([]);
    expect(second?.data).toEqual(first?.data);
    expect(posts()).toBe(1);
  });

  it('reject a key that another replica has got with another input', async () => {
    await create(one, 'conflict');
    const { data } = await create(two, 'conflict', 'another name');
    expect(data.createToken.userErrors).toEqual([{ code: 'CONFLICT' }]);
  });

  it('share no read that began before a write of another replica with a request that comes after it', async () => {
    const id = one.emulator.tokensOf('demo')[0]?.id ?? '';
    const demo = { authorization: 'Bearer demo' };
    const read = (name: string) =>
      two.query(`query ${name}($id: ID!) { token(id: $id) { name } }`, { id }, demo);
    one.emulator.faults.add({ fault: 'after-latency-800', operation: 'getToken', times: 1 });
    one.forgetCalls();
    const before = read('One');
    await until(() => one.calls().length > 0);
    const rename =
      'mutation ($id: ID!) { updateToken(input: { id: $id, name: "renamed" }) { token { name } } }';
    await one.query(rename, { id }, demo);
    const after = await Promise.all([read('One'), read('Two')]);
    expect(after.map(({ data }) => data.token.name)).toEqual(['renamed', 'renamed']);
    expect((await before).data.token.name).toBe('billing-worker');
    // What began after it is shared again.
    one.emulator.faults.add({ fault: 'latency-1500', operation: 'getToken' });
    one.forgetCalls();
    await Promise.all([read('Three'), read('Three'), read('Three')]);
    expect(one.calls()).toHaveLength(1);
    one.emulator.faults.clear();
  });

  it('serve a query that another caller sends at the same time, split into an operation name and a query', async () => {
    const send = (caller: string, members: object) => {
      const body = JSON.stringify(members);
      const headers = [`authorization: Bearer ${caller}`, 'content-type: application/json'];
      return rawRequest('POST /graphql', [...headers, `content-length: ${body.length}`], body);
    };
    // The caller's rate limit is in Redis: responses for several requests arrive at once.
    const env = { REDIS_URL: redis.url, RATE_LIMIT_PER_SECOND: '100', RATE_LIMIT_BURST: '100' };
    const limited = await startGateway({ env, emulatorOf: one });
    for (let at = 0; at < 10; at++) {
      const rest = `L${at} { tokens(first: 1) { nodes { id } } }`;
      const cut = send('somebody-else', { operationName: ' query', query: rest });
      const whole = send('replicas', { query: `query ${rest}` });
      // A proxy may send requests of several callers on one connection.
      const { text } = await sendRaw(limited.origin, cut.replace('close', 'keep-alive') + whole);
      expect(text).toMatch(/GRAPHQL_PARSE_FAILED[\s\S]*"data":\{"tokens"/);
    }
    await limited.close();
  });

  it('know persisted queries of each other', async () => {
    await persisted(one, '{__typename}');
    // The response does not wait for Redis.
    await until(async () => JSON.stringify(await persisted(two)) === '{"data":{"__typename":"Query"}}');
  });
});

describe('A client that registers more persisted queries than a process stores', () => {
  it('does not fill Redis, and gets the first and the last by their hashes', async () => {
    const quiet = { RATE_LIMIT_PER_SECOND: '0', LOG_LEVEL: 'silent', ADMIN_PORT: '0' };
    const env = { REDIS_URL: redis.url, APQ: 'true', ...quiet };
    const flooded = await startGateway({ env, emulatorOf: one });
    await untilRedis(flooded.origin, 'ok');
    const send = (at: number, isByHash = false) => {
      const query = `{ __typename } # ${at}`;
      const sha256Hash = createHash('sha256').update(query).digest('hex');
      const extensions = { persistedQuery: { version: 1, sha256Hash } };
      return post(flooded.url, isByHash ? { extensions } : { query, extensions }, DEMO);
    };
    const isStored = async (query: string) => {
      const sha256Hash = createHash('sha256').update(query).digest('hex');
      return (await redis.command('exists', `tokens-gateway:apq:${sha256Hash}`)) === '1';
    };
    // The response does not wait for Redis, and a busy machine may give Redis no time for half a second.
    await until(async () => {
      await send(0);
      return isStored('{ __typename } # 0');
    });
    for (let at = 0; at < 1100; at += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => send(at + index)));
    await until(async () => (await send(1099, true)).data?.__typename === 'Query');
    await until(async () => (await send(0, true)).data?.__typename === 'Query');
    const lost = Number(
      /fallbacks_total\{use="persisted_queries"\} (\d+)/.exec(await flooded.metrics())?.[1],
    );
    const keys = (await redis.command('keys', 'tokens-gateway:apq:*')).split('\n');
    expect(keys.length).toBeGreaterThanOrEqual(Math.max(500, 1000 - lost));
    // The other replicas have stored one.
    expect(keys.length).toBeLessThanOrEqual(1001);
    await flooded.close();
  });
});

describe('A text that Redis has under the hash of another', () => {
  it('is not run', async () => {
    const query = '{ __typename } # never sent before';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    await redis.command('set', `tokens-gateway:apq:${sha256Hash}`, '{ other: __typename }');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    const byHash = await post(two.url, { extensions }, DEMO);
    expect(byHash.errors).toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }]);
    expect((await post(two.url, { query }, DEMO)).data).toEqual({ __typename: 'Query' });
  });
});

describe('A caller above the rate limit', () => {
  const env = () => ({ REDIS_URL: redis.url, RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '4' });
  /** The responses with 429: all but four, and but one more for each second that a busy machine took. */
  const limitedOf = async (sent: Promise<Answer>[]) => {
    const startedAt = performance.now();
    const answers = await Promise.all(sent);
    const refilled = Math.ceil((performance.now() - startedAt) / 1000);
    const limited = answers.filter(({ status }) => status === 429);
    expect(answers.length - limited.length).toBeGreaterThanOrEqual(4);
    expect(answers.length - limited.length).toBeLessThanOrEqual(4 + refilled);
    return limited;
  };

  it('is limited at all replicas together, and learns when to retry', async () => {
    const authorization = 'Bearer often';
    const first = await startGateway({ env: env(), emulatorOf: one, authorization });
    const second = await startGateway({ env: env(), emulatorOf: one, authorization });
    await Promise.all([untilRedis(first.origin, 'ok'), untilRedis(second.origin, 'ok')]);
    const ask = (gateway: Gateway) => gateway.query('{ __typename }');
    const limited = await limitedOf(Array.from({ length: 6 }, () => [first, second].map(ask)).flat());
    expect(limited[0]?.headers.get('retry-after')).toBe('1');
    expect(limited[0]?.headers.get('ratelimit-policy')).toBe('"default";q=4;w=4');
    expect(limited[0]?.headers.get('ratelimit')).toBe('"default";r=0;t=1');
    await Promise.all([first.close(), second.close()]);
  });

  it('learns when to retry also where identical queries are rejected together', async () => {
    const link = await startLink(redis.url);
    const limits = { RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '10' };
    const authorization = 'Bearer together';
    const gateway = await startGateway({
      env: { REDIS_URL: link.url, ...limits },
      emulatorOf: one,
      authorization,
    });
    await untilRedis(gateway.origin, 'ok');
    const listOf = (first: number) =>
      `{ tokens(first: ${first}) { nodes { projects(first: 1) { nodes { id } } } } }`;
    const documents = [99, 98, 97, 96].map(listOf);
    link.hold();
    const sent = [...documents, ...documents].map((document) => gateway.query(document));
    // All have consumed one unit when the first operation consumes the rest of its cost, more than is left.
    await setTimeout(100);
    link.release();
    link.hold();
    await setTimeout(100);
    link.release();
    const limited = (await Promise.all(sent)).filter(({ status }) => status === 429);
    // When a busy machine has lost Redis meanwhile, the gateway's own bucket has room for another operation.
    expect(limited.length).toBeGreaterThanOrEqual(sent.length / 2);
    for (const { headers } of limited)
      expect(headers.get('ratelimit')).toMatch(`;t=${headers.get('retry-after')}`);
    await gateway.close();
    link.close();
  });

  it('that was limited is served in time, also when the clock of Redis has been set back by an hour', async () => {
    const gateway = await startGateway({ env: env(), emulatorOf: one, authorization: 'Bearer early' });
    await untilRedis(gateway.origin, 'ok');
    const key = `tokens-gateway:rate:{${createHash('sha256').update('early').digest('hex')}}`;
    await redis.command('hset', key, 'left', '0', 'at', String(Date.now() / 1000 + 3600));
    const limited = await gateway.query('{ __typename }');
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    await setTimeout(1100);
    expect((await gateway.query('{ __typename }')).status).toBe(200);
    await gateway.close();
  });

  it('owes what an operation cost beyond what was left, for longer than a full bucket takes to refill', async () => {
    const gateway = await startGateway({ env: env(), emulatorOf: one, authorization: 'Bearer owing' });
    await untilRedis(gateway.origin, 'ok');
    const key = `tokens-gateway:rate:{${createHash('sha256').update('owing').digest('hex')}}`;
    await redis.command('hset', key, 'left', '-4', 'at', String(Date.now() / 1000));
    expect((await gateway.query('{ __typename }')).status).toBe(429);
    expect(Number(await redis.command('pttl', key))).toBeGreaterThan(5000);
    await gateway.close();
  });

  it('is limited at each replica while Redis is unavailable', async () => {
    const gateway = await startGateway({
      env: { ...env(), REDIS_URL: 'redis://127.0.0.1:1' },
      emulatorOf: one,
    });
    await limitedOf(Array.from({ length: 12 }, () => gateway.query('{ __typename }')));
    await gateway.close();
  });
});

describe.each([
  ['suspended', () => redis.suspend(), () => redis.resume()],
  ['killed and restarted', () => redis.kill(), () => redis.start()],
  ['full', () => redis.fill(true), () => redis.fill(false)],
])('With Redis %s', (name, lose, recover) => {
  // Also for the tests that follow one that failed.
  afterEach(recover);

  it('a create with a key is rejected before IAM is called, everything else works, and Redis is used again on its return', async () => {
    await lose();
    await untilRedis(one.origin, 'unreachable');
    one.forgetCalls();
    const rejected = await one.query(CREATE, createInput(`lost ${name}`.replaceAll(' ', '-')));
    expect(rejected.errors?.map(({ extensions }) => extensions.code)).toEqual(['OVERLOADED']);
    expect(one.calls()).toEqual([]);
    const plain = await one.query(CREATE, createInput(undefined, 'no key'));
    expect(plain.data.createToken.userErrors).toEqual([]);
    expect(await persisted(one, '{__typename}')).toEqual({ data: { __typename: 'Query' } });
    expect(await persisted(one)).toEqual({ data: { __typename: 'Query' } });
    // By these the alert TokensGatewayRedis fires without a rate limit; by the probe, also without requests.
    for (const use of ['idempotency', 'writes', 'persisted_queries', 'probe'])
      expect(await one.metrics()).toMatch(
        new RegExp(`tokens_gateway_state_fallbacks_total\\{use="${use}"\\} [1-9]`),
      );
    // Until, since a busy machine that stops this process for a moment is an overload for two seconds.
    await until(async () => (await fetch(`${one.origin}/readyz`)).status === 200);
    await recover();
    await untilRedis(one.origin, 'ok');
    const again = await create(one, `lost ${name}`.replaceAll(' ', '-'));
    expect(again.data.createToken.userErrors).toEqual([]);
    expect(lossesIn(one.log())).toBeGreaterThan(0);
  });
});

it('A gateway that starts without Redis works, and finds it when it comes', async () => {
  const late = await startRedis();
  await late.kill();
  const gateway = await startGateway({ env: { REDIS_URL: late.url }, emulatorOf: one });
  expect((await gateway.query('{ __typename }')).data).toEqual({ __typename: 'Query' });
  await late.start();
  await untilRedis(gateway.origin, 'ok');
  expect((await create(gateway, 'late')).data.createToken.userErrors).toEqual([]);
  await gateway.close();
  await late.kill();
});
