import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Gateway, startGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { type SlowLink, startLink } from './slow-link.ts';
import { CREATE, createInput, untilRedis, untilServed } from './support.ts';

/** Twice what the slowest create here takes of it on a quiet machine. */
const DEADLINE_MS = 3000;
/** From then on, no lease of a create that had not sent its POST is left. */
const LEASE_MS = DEADLINE_MS + 1000;

let redis: RedisServer;
let link: SlowLink;
/** Replicas: the link to Redis of `far` can be held up, `near` has its own. */
let near: Gateway;
let far: Gateway;
let key = '';
let test = 0;
beforeAll(async () => {
  redis = await startRedis();
  link = await startLink(redis.url);
  const env = { REQUEST_DEADLINE_MS: String(DEADLINE_MS) };
  near = await startGateway({ env: { ...env, REDIS_URL: redis.url }, emulator: { seed: 'empty' } });
  far = await startGateway({ env: { ...env, REDIS_URL: link.url }, emulatorOf: near });
});
afterAll(async () => {
  await far?.close();
  link?.close();
  await near?.close();
  await redis?.kill();
});
beforeEach(async () => {
  key = `key-${++test}`;
  near.emulator.faults.clear();
  near.forgetCalls();
  await Promise.all([untilRedis(near.origin, 'ok'), untilRedis(far.origin, 'ok')]);
});
afterEach(async () => {
  link.release();
  await redis.start();
});

const create = (at: Gateway, idempotencyKey = key) =>
  at.query(CREATE, createInput(idempotencyKey, `token of ${key}`));
const called = (operation: string) =>
  near.emulator.calls.filter((call) => call.operation === operation).length;
const isFound = async (pattern: string) => (await redis.command('keys', pattern)) !== '';
const leases = () => redis.command('keys', 'tokens-gateway:create:*:claim');
const made = () => near.emulator.tokensOf('demo').filter(({ name }) => name === `token of ${key}`);
const idOf = ({ data }: Answer): string | undefined => data?.createToken?.token?.id;
const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions.code;

/** Sends the create again, as a client does, until there is a token. */
async function createInTheEnd(at: Gateway): Promise<string> {
  const answer = await untilServed(() => create(at));
  const id = idOf(answer);
  if (!id) throw new Error(answer.text);
  return id;
}

describe('What the network delivers late', () => {
  it('a release leaves the lease of another replica alone', async () => {
    near.emulator.faults.add({ fault: 'latency-600', operation: 'listToken', times: 1 });
    near.emulator.faults.add({ fault: 'latency-1500', operation: 'createToken', times: 1 });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer demo' };
    const leaves = request(far.url, { method: 'POST', headers, agent: false }).on('error', () => {});
    leaves.end(JSON.stringify({ query: CREATE, variables: createInput(key, `token of ${key}`) }));
    await until(() => called('listToken') === 1);
    link.hold();
    leaves.destroy();
    await until(() => far.log().includes('Redis is lost'));
    await until(async () => (await leases()) === '');
    const first = create(near);
    await until(() => called('createToken') === 1);
    link.release();
    await untilRedis(far.origin, 'ok');
    await setTimeout(300);
    const ids = await Promise.all([first.then(idOf), createInTheEnd(far)]);
    expect(new Set(ids)).toEqual(new Set(made().map(({ id }) => id)));
    expect(made()).toHaveLength(1);
  });

  it('a record from before a create does not take the place of a finished one', async () => {
    near.emulator.faults.add({ fault: 'latency-400', operation: 'listToken', times: 1 });
    const slow = create(far);
    await until(() => called('listToken') === 1);
    link.hold();
    expect(codeOf(await slow)).toBe('OVERLOADED');
    await setTimeout(LEASE_MS);
    const id = await createInTheEnd(near);
    link.release();
    await untilRedis(far.origin, 'ok');
    await setTimeout(300);
    near.forgetCalls();
    expect([await createInTheEnd(far), await createInTheEnd(near)]).toEqual([id, id]);
    expect([called('createToken'), called('listToken')]).toEqual([0, 0]);
    expect(made()).toHaveLength(1);
  });

  it('a late reply of Redis after the POST delays the token, and a repeat elsewhere gets the same', async () => {
    near.emulator.faults.add({ fault: 'latency-200', operation: 'createToken', times: 1 });
    const first = create(far);
    await until(() => called('createToken') === 1);
    link.hold();
    await setTimeout(900);
    link.release();
    const [answer, repeated] = await Promise.all([first, createInTheEnd(near)]);
    expect([idOf(answer), repeated]).toEqual([made()[0]?.id, made()[0]?.id]);
    expect(called('createToken')).toBe(1);
  });
});

describe('A replica that gets a stop signal', () => {
  it('records what it creates for a client that has left, so that a repeat elsewhere need not wait', async () => {
    const stopping = await startGateway({ env: { REDIS_URL: redis.url }, emulatorOf: near });
    await untilRedis(stopping.origin, 'ok');
    near.emulator.faults.add({ fault: 'latency-1000', operation: 'createToken', times: 1 });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer demo' };
    const leaves = request(stopping.url, { method: 'POST', headers, agent: false }).on('error', () => {});
    leaves.end(JSON.stringify({ query: CREATE, variables: createInput(key, `token of ${key}`) }));
    await until(() => called('createToken') === 1);
    leaves.destroy();
    await stopping.close();
    expect(await leases()).toBe('');
    expect(idOf(await create(near))).toBe(made()[0]?.id);
    expect(made()).toHaveLength(1);
  });
});

describe('While a replica cannot reach Redis', () => {
  it('its create is rejected or finished, and a repeat gets `retryAfter`, and never the error of an IAM that did not respond', async () => {
    const first = create(far);
    await until(() =>
      isFound('tokens-gateway:create:*:claim').then((found) => found || called('createToken') > 0),
    );
    link.hold();
    const answers = [await first, await create(far)];
    link.release();
    for (const answer of answers) {
      if (idOf(answer)) continue;
      expect(codeOf(answer)).toBe('OVERLOADED');
      expect(answer.errors?.[0]?.extensions.retryAfter).toEqual(expect.any(Number));
    }
    expect(answers[1]?.errors?.[0]?.extensions).not.toHaveProperty('mayHaveSucceeded');
    await untilRedis(far.origin, 'ok');
    const id = await createInTheEnd(far);
    expect(made().map((token) => token.id)).toEqual([id]);
  });
});

describe('When a connection to IAM breaks and the token comes later', () => {
  it.each([
    ['the same', () => far],
    ['another', () => near],
  ])('an immediate repeat at %s replica gets that token', async (_, at) => {
    near.emulator.faults.add({ fault: 'reset-late-500', operation: 'createToken', times: 1 });
    const lost = await untilServed(() => create(far));
    expect(lost.errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE', mayHaveSucceeded: true });
    const id = await createInTheEnd(at());
    expect(made().map((token) => token.id)).toEqual([id]);
    expect(called('createToken')).toBe(1);
  });
});

describe('When Redis forgets everything in the middle of a create', () => {
  it('no two requests report two tokens', async () => {
    near.emulator.faults.add({ fault: 'latency-900', operation: 'createToken', times: 2 });
    const first = create(far);
    await until(() => called('createToken') === 1);
    await redis.kill();
    await redis.start();
    await untilRedis(near.origin, 'ok');
    const answers = await Promise.all([first, create(near)]);
    const ids = new Set(answers.map(idOf).filter((id) => id !== undefined));
    ids.add(await createInTheEnd(far));
    ids.add(await createInTheEnd(near));
    expect(ids.size).toBe(1);
  });
});

describe('A record in Redis', () => {
  it('is kept for 24 hours, and the lease is not', async () => {
    await redis.command('flushall');
    await createInTheEnd(near);
    const [name = ''] = (await redis.command('keys', 'tokens-gateway:create:*')).split('\n').slice(-1);
    const ttls: number[] = [];
    for (const each of (await redis.command('keys', 'tokens-gateway:create:*')).split('\n'))
      ttls.push(Number(await redis.command('ttl', each)));
    expect(name).not.toBe('');
    expect(Math.max(...ttls)).toBeGreaterThan(24 * 3600 - 60);
    expect(await leases()).toBe('');
  });

  it.each(['not JSON', '{}', '{"digest":"x"}'])('that is %s counts as an unknown outcome', async (text) => {
    await redis.command('flushall');
    const id = await createInTheEnd(near);
    const name = await redis.command('keys', 'tokens-gateway:create:*');
    await redis.command('set', name, text);
    expect(await createInTheEnd(far)).toBe(id);
    expect(called('createToken')).toBe(1);
  });
});

describe('While a replica of release 0.1.0 runs beside others', () => {
  /** Creates a token, and rewrites its record as that release writes it. */
  async function createByOldRelease() {
    await redis.command('flushall');
    const id = await createInTheEnd(near);
    const record = await redis.command('keys', 'tokens-gateway:create:*');
    const { digest } = JSON.parse(await redis.command('get', record));
    return { id, record, text: JSON.stringify({ digest, lookalikes: [], tokenId: id }) };
  }
  const evals = async () => {
    const stats = await redis.command('info', 'commandstats');
    return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1]);
  };

  it('a key that it has used returns its token, also under a new name, and CONFLICT for another input', async () => {
    const { id, record, text } = await createByOldRelease();
    await redis.command('set', record, text);
    const rename = 'mutation ($input: UpdateTokenInput!) { updateToken(input: $input) { token { name } } }';
    const renamed = await near.query(rename, { input: { id, name: 'new name' } });
    expect(renamed.data.updateToken.token.name).toBe('new name');
    near.forgetCalls();
    expect(await createInTheEnd(far)).toBe(id);
    const other = await untilServed(() => far.query(CREATE, createInput(key, 'other name')));
    expect(other.data.createToken.userErrors).toEqual([{ code: 'CONFLICT' }]);
    expect(called('createToken')).toBe(0);
  });

  it('a create with a key that it is using waits for its token', async () => {
    const { id, record, text } = await createByOldRelease();
    near.forgetCalls();
    await redis.command('del', record);
    await redis.command('set', `${record}:claim`, '', 'px', '60000');
    const before = await evals();
    const waits = createInTheEnd(far);
    await until(async () => (await evals()) >= before + 3);
    await redis.command('set', record, text);
    await redis.command('del', `${record}:claim`);
    expect(await waits).toBe(id);
    expect(called('createToken')).toBe(0);
  });
});
