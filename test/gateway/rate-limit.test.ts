import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAdmission } from '../../src/admission/admission.ts';
import { createTokenBuckets } from '../../src/state/token-bucket.ts';
import { stopClock } from '../support/clock.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { together } from '../support/together.ts';

const ONE = '{ tokens(first: 1) { nodes { id } } }';
/** Predicted: a list, and the projects of 19 tokens. Two requests' worth. */
const TWENTY_CALLS = '{ tokens(first: 19) { nodes { projects(first: 1) { nodes { id } } } } }';
/** Ten requests' worth. */
const HUNDRED_CALLS = '{ tokens(first: 99) { nodes { projects(first: 1) { nodes { id } } } } }';
let gateway: Gateway;
let startClock: () => void;
beforeEach(() => {
  startClock = stopClock();
});
afterEach(async () => {
  startClock();
  await gateway?.close();
});

const start = async (burst: string, env: Record<string, string> = {}) => {
  gateway = await startGateway({ env: { RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: burst, ...env } });
};
/** Seconds pass. */
const wait = (seconds: number) => {
  startClock();
  startClock = stopClock(seconds * 1000);
};
const as = (name: string) => ({ authorization: `Bearer ${name}` });

describe('A caller that sends too many requests', () => {
  it('gets 429 with the time to wait, and IAM is not called', async () => {
    await start('2');
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await gateway.query(ONE)).status);
    expect(statuses).toEqual([200, 200, 429]);
    const { headers, errors } = await gateway.query(ONE);
    expect(headers.get('retry-after')).toBe('1');
    expect(errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', retryAfter: 1 } }]);
    expect(gateway.calls()).toHaveLength(2);
    expect((await gateway.query(ONE, {}, as('bob'))).status).toBe(200);
  });

  it('sees in every response what is left', async () => {
    await start('5');
    const { headers } = await gateway.query(ONE);
    expect(headers.get('ratelimit-policy')).toBe('"default";q=5;w=5');
    expect(headers.get('ratelimit')).toBe('"default";r=4;t=1');
    expect((await gateway.query(ONE)).headers.get('ratelimit')).toBe('"default";r=3;t=2');
  });

  it('has no limit, and no rate limit headers, where the limit is 0', async () => {
    gateway = await startGateway({ env: { RATE_LIMIT_PER_SECOND: '0' } });
    expect((await gateway.query(ONE)).headers.get('ratelimit')).toBeNull();
  });

  it('may send more requests as time passes, up to the burst', () => {
    let now = 0;
    const limit = createTokenBuckets({ rateLimitPerSecond: 2, rateLimitBurst: 2 }, { now: () => now });
    const take = () => limit('alice', 1).isConsumed;
    expect([take(), take(), take()]).toEqual([true, true, false]);
    now = 500;
    expect([take(), take()]).toEqual([true, false]);
    now = 60_000;
    expect([take(), take(), take()]).toEqual([true, true, false]);
  });
});

describe('An operation', () => {
  it('consumes one unit for every ten upstream calls that it may need', async () => {
    await start('20');
    const leftAfter = async (document: string) =>
      Number(/r=(\d+)/.exec((await gateway.query(document)).headers.get('ratelimit') ?? '')?.[1]);
    expect(await leftAfter(ONE)).toBe(19);
    expect(await leftAfter(HUNDRED_CALLS)).toBe(9);
  });

  it('runs when one unit is left, and the next request waits for what it cost beyond that', async () => {
    await start('2');
    await gateway.query(ONE);
    const { status, headers } = await gateway.query(TWENTY_CALLS);
    expect([status, headers.get('ratelimit')]).toEqual([200, '"default";r=0;t=3']);
    gateway.forgetCalls();
    const { errors } = await gateway.query(ONE);
    expect(errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', retryAfter: 2 } }]);
    expect(gateway.calls()).toEqual([]);
    wait(2);
    expect((await gateway.query(ONE)).status).toBe(200);
  });

  it.each([0, 1, 9])(
    'that costs ten units runs after the wait that its rejection names, when %i units are owed',
    async (owed) => {
      await start('10');
      const most = `{ tokens(first: ${99 - 10 * (9 - owed)}) { nodes { projects(first: 1) { nodes { id } } } } }`;
      for (let left = 10; left > 1; left--) await gateway.query(ONE);
      await gateway.query(owed === 0 ? ONE : most);
      const { errors } = await gateway.query(HUNDRED_CALLS);
      expect(errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', retryAfter: owed + 1 } }]);
      wait(owed + 1);
      expect((await gateway.query(HUNDRED_CALLS)).status).toBe(200);
    },
  );

  it('is rejected before it calls IAM when others have consumed all since it was admitted', async () => {
    const { admit, consume } = createAdmission({
      maxInFlight: 0,
      maxInFlightPerPrincipal: 0,
      rateLimitPerSecond: 1,
      rateLimitBurst: 10,
    });
    const headers: Record<string, string> = {};
    const reply = {
      raw: new EventEmitter(),
      header: (name: string, value: string) => {
        headers[name] = value;
        return reply;
      },
    } as never;
    for (let sent = 0; sent < 2; sent++) expect(await admit('alice', reply)).toBeUndefined();
    expect(await consume('alice', reply, 100)).toBeUndefined();
    expect(headers.ratelimit).toBe('"default";r=0;t=11');
    expect((await consume('alice', reply, 100))?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfter: 2 });
    expect(headers.ratelimit).toBe('"default";r=0;t=2');
  });

  it('that costs more than the burst consumes all of it', async () => {
    await start('1');
    expect((await gateway.query(TWENTY_CALLS)).status).toBe(200);
    expect((await gateway.query(ONE)).status).toBe(429);
  });

  it('that is coalesced with another costs one request', async () => {
    await start('5', { ADMIN_PORT: '0' });
    const answers = await together(
      gateway,
      [1, 2].map(() => () => gateway.query(TWENTY_CALLS)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await gateway.query('{ __typename }')).headers.get('ratelimit')).toMatch(/r=1;/);
  });
});

describe('Requests without a credential', () => {
  const anonymous = (headers: Record<string, string> = {}) =>
    gateway.query(ONE, {}, { authorization: '', ...headers });

  it('are limited by their address, and consume nothing of callers', async () => {
    await start('2');
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await anonymous()).status);
    expect(statuses).toEqual([401, 401, 429]);
    expect((await gateway.query(ONE)).headers.get('ratelimit')).toMatch(/r=1;/);
  });

  it('cannot claim another address', async () => {
    await start('1');
    await anonymous({ 'x-forwarded-for': '192.0.2.1' });
    expect((await anonymous({ 'x-forwarded-for': '192.0.2.2' })).status).toBe(429);
  });

  it('are distinguished by the address that a trusted load balancer reports', async () => {
    await start('1', { TRUSTED_PROXIES: '127.0.0.0/8' });
    expect((await anonymous({ 'x-forwarded-for': '192.0.2.1' })).status).toBe(401);
    expect((await anonymous({ 'x-forwarded-for': '192.0.2.2' })).status).toBe(401);
    expect((await anonymous({ 'x-forwarded-for': '192.0.2.2' })).status).toBe(429);
  });

  it.each([
    ['203.0.113.5:40001', '203.0.113.5:40002'],
    ['203.0.113.5', '::ffff:203.0.113.5'],
    ['[2001:db8::5]:4000', '[2001:db8::5]:4001'],
    ['2001:db8::5', '2001:0DB8:0:0::5%eth0'],
    ['garbage', 'other garbage'],
    ['unknown', '_hidden'],
  ])('of one address count together however it is written (%s, %s)', async (one, other) => {
    await start('1', { TRUSTED_PROXIES: '127.0.0.0/8' });
    expect((await anonymous({ 'x-forwarded-for': one })).status).toBe(401);
    expect((await anonymous({ 'x-forwarded-for': other })).status).toBe(429);
    expect((await anonymous({ 'x-forwarded-for': '198.51.100.7:1' })).status).toBe(401);
  });

  it('from one IPv6 network count together', async () => {
    await start('1', { TRUSTED_PROXIES: '127.0.0.1' });
    expect((await anonymous({ 'x-forwarded-for': '2001:db8:1:2::1' })).status).toBe(401);
    expect((await anonymous({ 'x-forwarded-for': '2001:db8:1:2:3::9' })).status).toBe(429);
    expect((await anonymous({ 'x-forwarded-for': '2001:db8:1:3::1' })).status).toBe(401);
  });
});
