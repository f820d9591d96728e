import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { createKeyPair } from '../support/keys.ts';
import { startPatGateway } from '../support/pat-gateway.ts';
import { timed } from '../support/stopwatch.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const LIST = '{ tokens(first: 1) { nodes { id } } }';

const open: { close(): Promise<void> | unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0).reverse()) await closable.close();
});

/** A gateway in `pat` mode over an emulator whose clock differs from this machine's. */
async function start({
  emulatorAheadMs = 0,
  emulatorClock = () => Date.now() + emulatorAheadMs,
  env = {} as Record<string, string>,
} = {}): Promise<Gateway> {
  const plain = await startGateway({ emulator: { clock: emulatorClock } });
  open.push(plain);
  const gateway = await startPatGateway(plain, createKeyPair('ES256'), env);
  open.push(gateway);
  return gateway;
}

describe('A clock that differs from that of IAM', () => {
  it.each([-140, -90, 90, 140])('by %i s does no harm', async (seconds) => {
    const gateway = await start({ emulatorAheadMs: -seconds * 1000 });
    expect((await gateway.query(LIST)).errors).toBeUndefined();
  });

  it.each([
    // IAM names whole seconds, and a busy machine may take some to read them.
    [600, /clock of this machine is (59\d|60\d) s ahead of that of IAM/],
    [-600, /clock of this machine is (59\d|60\d) s behind that of IAM/],
  ])('by %i s is named by the error and the log', async (seconds, message) => {
    const gateway = await start({ emulatorAheadMs: -seconds * 1000 });
    const { errors } = await gateway.query(LIST);
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_ERROR');
    expect(errors?.[0]?.message).toMatch(message);
    expect(gateway.log()).toMatch(message);
  });
});

describe('When the clock of the machine is changed', () => {
  it.each([
    ['is set back', 0, -140_000],
    ['was ahead, and is corrected', 140_000, 0],
  ])('and %s, no write is sent with a token that has expired', async (_change, beforeMs, afterMs) => {
    const [realNow, realRunning] = [Date.now, performance.now.bind(performance)];
    let wrongByMs = beforeMs;
    let passedMs = 0;
    const clocks = [
      jest.spyOn(Date, 'now').mockImplementation(() => realNow() + passedMs + wrongByMs),
      jest.spyOn(performance, 'now').mockImplementation(() => realRunning() + passedMs),
    ];
    open.push({ close: () => clocks.forEach((clock) => void clock.mockRestore()) });
    const gateway = await start({ emulatorClock: () => realNow() + passedMs });
    expect((await gateway.query(LIST)).errors).toBeUndefined();
    // Tokens of the emulator live for an hour.
    passedMs = 3_610_000;
    wrongByMs = afterMs;
    const { data, errors } = await gateway.query(
      'mutation { deleteToken(input: { id: "none" }) { userErrors { code } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.deleteToken.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
  });
});

/** An identity provider whose key set starts with a byte order mark. */
async function startProvider() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const body = `\uFEFF${JSON.stringify({ keys: [await exportJWK(publicKey), await exportJWK(publicKey)] })}`;
  const server: Server = createServer((_request, response) => response.end(body));
  open.push({ close: () => [server.closeAllConnections(), server.close()] });
  const url = `http://127.0.0.1:${await listen(server)}`;
  const jwt = await new SignJWT({ scope: 'tokens:read' })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(url)
    .setAudience('tokens-gateway')
    .setSubject('ann')
    .setExpirationTime('1h')
    .sign(privateKey);
  const env = {
    CALLER_AUTH: 'jwt',
    CALLER_JWKS_URL: `${url}/jwks.json`,
    CALLER_JWT_ISSUER: url,
    CALLER_JWT_AUDIENCE: 'tokens-gateway',
  };
  return { server, env, headers: { authorization: `Bearer ${jwt}` } };
}

describe('The key set of callers', () => {
  it('may begin with a byte order mark and list a key twice', async () => {
    const { env, headers } = await startProvider();
    const gateway = await start({ env });
    expect((await gateway.query(LIST, {}, headers)).errors).toBeUndefined();
  });

  it('that arrives slowly is not waited for beyond the deadline of the request', async () => {
    const { server, env, headers } = await startProvider();
    const [respond] = server.listeners('request');
    const waiting: (() => void)[] = [];
    server.removeAllListeners('request');
    server.on('request', (...args) => waiting.push(() => respond?.(...args)));
    const gateway = await start({ env: { ...env, REQUEST_DEADLINE_MS: '1500' } });
    const { value, ownMs } = await timed(gateway.query(LIST, {}, headers));
    expect(ownMs).toBeLessThan(2400);
    expect(value.errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
    // What was fetched serves those who come next.
    for (const each of waiting) each();
    await until(async () => (await gateway.query(LIST, {}, headers)).errors === undefined);
  });

  it('that has no key that can be used rejects callers, and the log says so', async () => {
    const { server, env, headers } = await startProvider();
    server.removeAllListeners('request');
    server.on('request', (_request, response) => response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'));
    const gateway = await start({ env });
    for (let time = 0; time < 3; time++) {
      const { errors } = await gateway.query(LIST, {}, headers);
      expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    }
    expect(gateway.log().split('has no key that can be used')).toHaveLength(2);
  });

  it('that no longer arrives holds callers up once, and the keys before it serve on', async () => {
    const realNow = Date.now;
    let aheadMs = 0;
    const now = jest.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
    open.push({ close: () => now.mockRestore() });
    const { server, env, headers } = await startProvider();
    const gateway = await start({ env });
    expect((await gateway.query(LIST, {}, headers)).errors).toBeUndefined();
    server.removeAllListeners('request');
    for (const [minutes, mostMs] of [
      [11, 9000],
      [12, 1500],
      [13, 1500],
    ] as const) {
      aheadMs = minutes * 60_000;
      const { value, ownMs } = await timed(gateway.query(LIST, {}, headers));
      expect(value.errors).toBeUndefined();
      expect(ownMs).toBeLessThan(mostMs);
    }
  });
});
