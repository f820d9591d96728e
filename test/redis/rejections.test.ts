import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { openConnection } from '../support/raw.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { CREATE, createInput, lossesIn, untilRedis, untilServed } from './support.ts';

let redis: RedisServer;
let gateway: Gateway;
beforeAll(async () => {
  redis = await startRedis();
  gateway = await startGateway({
    env: { REDIS_URL: redis.url, RATE_LIMIT_PER_SECOND: '50', ADMIN_PORT: '0' },
  });
  await untilRedis(gateway.origin, 'ok');
});
afterAll(async () => {
  await gateway?.close();
  await redis?.kill();
});
const as = (name: string) => ({ authorization: `Bearer ${name}` });
const lines = (text: string) => gateway.log().split(text).length - 1;

describe('When Redis rejects a command', () => {
  it('for one caller, that caller is limited by memory, no other is affected, and the log names the cause once', async () => {
    const principal = createHash('sha256').update('alice').digest('hex');
    await redis.command('lpush', `tokens-gateway:rate:{${principal}}`, 'x');
    for (const name of ['alice', 'bob', 'alice', 'bob'])
      expect((await gateway.query('{ __typename }', {}, as(name))).status).toBe(200);
    expect(await gateway.metrics()).toContain('tokens_gateway_state_fallbacks_total{use="rate_limits"} 2\n');
    expect(
      await redis.command(
        'hget',
        `tokens-gateway:rate:{${createHash('sha256').update('bob').digest('hex')}}`,
        'left',
      ),
    ).not.toBe('');
    expect(lines('Redis rejects a command')).toBe(1);
    expect(gateway.log()).toMatch(/"use":"rate_limits","code":"WRONGTYPE","hint":"another program/);
    expect(gateway.log()).not.toContain(principal);
  });

  it('for all, creates with a key are rejected for now, all else works, and Redis does not count as lost', async () => {
    await redis.command('acl', 'setuser', 'default', '-eval');
    const rejected = await gateway.query(CREATE, createInput('no-eval'), as('carol'));
    expect(rejected.errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'OVERLOADED', retryAfter: 1 },
    ]);
    expect(
      (await gateway.query(CREATE, createInput(undefined, 'no key'), as('carol'))).errors,
    ).toBeUndefined();
    await setTimeout(1500);
    await untilRedis(gateway.origin, 'ok');
    expect(gateway.log()).toMatch(/"use":"idempotency","code":"NOPERM","hint":"the user of REDIS_URL needs/);
    expect(gateway.log()).not.toContain('"cause":"NOPERM"');
    await redis.command('acl', 'setuser', 'default', '+eval');
    const served = await untilServed(() => gateway.query(CREATE, createInput('no-eval'), as('carol')));
    expect(served.errors).toBeUndefined();
  });

  it('because it is full, it counts as lost, with that as the cause', async () => {
    await redis.fill(true);
    await until(() => gateway.log().includes('"cause":"OOM"'));
    await redis.fill(false);
    await untilRedis(gateway.origin, 'ok');
  });
});

describe('The cause in the log of a Redis that cannot be reached', () => {
  it.each([
    ['redis://127.0.0.1:1', 'ECONNREFUSED'],
    // The last of them where name servers do not reply.
    ['redis://unknown-host.invalid', 'ENOTFOUND|EAI_AGAIN|ETIMEDOUT'],
    // A database that the server does not have.
    ['$/16', 'ERR'],
    ['$?cluster=true', 'ERR'],
  ])('%s is %s', async (url, cause) => {
    const env = { REDIS_URL: url.replace('$', redis.url) };
    const other = await startGateway({ env, emulatorOf: gateway });
    // On a busy machine it may be preceded by a connection that was not made in time.
    const line = new RegExp(`"cause":"(${cause})","problem":"[^"]+","hint":"[^"]+","msg":"Redis is lost`);
    await until(() => line.test(other.log()));
    await other.close();
  });
});

it('A cause stays in /readyz for as long as it lasts', async () => {
  const other = await startGateway({ env: { REDIS_URL: `${redis.url}/16` }, emulatorOf: gateway });
  // For several probes. On a busy machine one of them may get no reply in time.
  let inARow = 0;
  await until(async () => {
    const text = await (await fetch(`${other.origin}/readyz`)).text();
    inARow = text.includes('redis-cause: the server rejects a command\n') ? inARow + 1 : 0;
    return inARow === 10;
  }, 100);
  await other.close();
});

it('A password that has been changed is named in the log at once, although a closed connection came first', async () => {
  await redis.command('acl', 'setuser', 'rotated', 'on', '>old', '~*', '+@all');
  const url = redis.url.replace('//', '//rotated:old@');
  const other = await startGateway({ env: { REDIS_URL: url }, emulatorOf: gateway });
  await untilRedis(other.origin, 'ok');
  await redis.command('acl', 'setuser', 'rotated', 'resetpass', '>new');
  await redis.command('client', 'kill', 'user', 'rotated');
  await until(async () =>
    (await (await fetch(`${other.origin}/readyz`)).text()).includes('redis-cause: wrong user or password\n'),
  );
  expect(other.log()).toMatch(/"cause":"WRONGPASS","problem":"wrong user or password","hint":/);
  expect(lossesIn(other.log())).toBe(1);
  await other.close();
});

it('A connection that breaks again and again has one line in the log for each cause, and one for each return', async () => {
  const other = await startGateway({ env: { REDIS_URL: redis.url }, emulatorOf: gateway });
  const startedAt = performance.now();
  for (let turn = 0; turn < 10; turn++) {
    await untilRedis(other.origin, 'ok');
    await redis.command('client', 'kill', 'type', 'normal');
    await setTimeout(50);
  }
  await untilRedis(other.origin, 'ok');
  const messages = other.linesWith('Redis is').map(({ cause, msg }) => cause ?? msg);
  const back = messages.filter((message) => message === 'Redis is back').length;
  const minutes = 1 + Math.floor((performance.now() - startedAt) / 60_000);
  await other.close();
  expect(messages.length - back).toBeLessThanOrEqual(minutes * (new Set(messages).size - 1));
  expect(back).toBeGreaterThan(0);
  expect(messages.join()).not.toContain('Redis is back,Redis is back');
  expect(messages.at(-1)).toBe('Redis is back');
});

it('A server that accepts a connection and does not respond is reported', async () => {
  const silent = createServer();
  const env = { REDIS_URL: `redis://127.0.0.1:${await listen(silent)}` };
  const other = await startGateway({ env, emulatorOf: gateway });
  await until(() => other.log().includes('Redis is lost'));
  await other.close();
  silent.close();
});

it('A server that closes the connection because it has too many clients is reported with that as a possible cause', async () => {
  const full = await startRedis();
  await full.command('config', 'set', 'maxclients', '1');
  const client = await openConnection(full.url);
  const other = await startGateway({ env: { REDIS_URL: full.url }, emulatorOf: gateway });
  const [line] = await until(() => /.*"problem":"the server closed the connection".*/.exec(other.log()));
  await other.close();
  client.destroy();
  await full.kill();
  expect(line).toContain('how many clients the server allows');
});

it('A user with the documented rights is enough, in any database, and nothing is printed', async () => {
  const rights = '~tokens-gateway:* +get +set +del +pttl +pexpire +hmget +hset +time +eval +select';
  await redis.command('acl', 'setuser', 'limited', 'on', '>p%w', ...rights.split(' '));
  const print = jest.spyOn(console, 'warn');
  const url = redis.url.replace('//', '//limited:p%25w@');
  const other = await startGateway({ env: { REDIS_URL: `${url}/3` }, emulatorOf: gateway });
  await untilRedis(other.origin, 'ok');
  const served = await untilServed(() => other.query(CREATE, createInput('limited')));
  expect(served.errors).toBeUndefined();
  expect(await redis.command('-n', '3', 'dbsize')).not.toBe('0');
  expect(print).not.toHaveBeenCalled();
  print.mockRestore();
  await other.close();
});
