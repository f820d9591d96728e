import { type KeyObject, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { ownCpuMs } from '../../support/cpu.ts';
import { generatePair } from '../../support/keys.ts';
import { until } from '../../support/until.ts';
import { createEcKey, failureOf, JWKS_PATH, shareIssuer, shareJwtCheck, transport } from './support.ts';

const key2 = createEcKey();
const stranger = createEcKey();
/** Whether the provider does not respond. */
let isSilent: boolean;
let asked: number;

const issuer = shareIssuer();
const {
  key: key1,
  time,
  logged,
  publish,
  check,
  claims,
  sign,
} = shareJwtCheck(issuer, (request) => {
  asked++;
  return isSilent ? new Promise(() => {}) : transport(request);
});

beforeEach(() => {
  isSilent = false;
  asked = 0;
});

describe('The keys of the identity provider', () => {
  it('are fetched once for 50 callers at once, and used for ten minutes', async () => {
    const jwt = await sign(claims({ exp: time.clock() / 1000 + 3600 }));
    await Promise.all(Array.from({ length: 50 }, () => check(jwt)));
    time.advanceSeconds(599);
    await check(jwt);
    expect(issuer.calls).toHaveLength(1);

    time.advanceSeconds(1);
    await Promise.all([check(jwt), check(jwt)]);
    expect(issuer.calls).toHaveLength(2);
  });

  it('are fetched again for a key that is not among them, so that a new one works at once', async () => {
    await check(await sign(claims()));
    await publish({ 'key-1': key1.publicKey, 'key-2': key2.publicKey });
    time.advanceSeconds(30);

    await check(await sign(claims(), { key: key2.privateKey, kid: 'key-2' }));
    expect(issuer.calls).toHaveLength(2);
  });

  it('are fetched at most once in 30 s for unknown keys', async () => {
    await check(await sign(claims()));
    time.advanceSeconds(30);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await failureOf(async () =>
        check(await sign(claims(), { key: stranger.privateKey, kid: randomUUID() })),
      );
    }

    expect(issuer.calls).toHaveLength(2);
  });

  it.each([
    ['names no key', {}],
    ['names one whose numbers have changed', { kid: 'key-1' }],
  ])('are fetched again for a token that %s, when its signature fits none', async (_title, header) => {
    const signNext = (key: KeyObject) =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', ...header }).sign(key);
    await check(await signNext(key1.privateKey));
    await publish({ 'key-1': key2.publicKey });
    expect(await failureOf(async () => check(await signNext(key2.privateKey)))).toBeDefined();
    time.advanceSeconds(30);

    await check(await signNext(key2.privateKey));
    await check(await signNext(key2.privateKey));
    expect(issuer.calls).toHaveLength(2);
  });

  it('are not fetched more than once in 30 s for signatures that fit none', async () => {
    await check(await sign(claims()));
    time.advanceSeconds(30);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const forged = await sign(claims(), { key: stranger.privateKey });
      expect(await failureOf(async () => check(forged))).toBeDefined();
    }
    expect(issuer.calls).toHaveLength(2);
  });

  it.each([
    ['an error', { status: 503, body: 'down' }],
    ['something else', { body: { nokeys: 'canary' } }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' }],
  ])('stay in use when they are old and the provider responds with %s', async (_, answer) => {
    const jwt = await sign(claims({ exp: time.clock() / 1000 + 3600 }));
    await check(jwt);
    issuer.answerWith(JWKS_PATH, answer);
    time.advanceSeconds(601);

    await check(jwt);
    await check(jwt);
    expect(issuer.calls).toHaveLength(2);
    expect(logged.lines).toHaveLength(1);
    expect(logged.lines[0]).toMatchObject({ level: 'warn', fields: { keptKeys: true } });
    expect(JSON.stringify(logged.lines)).not.toMatch(/canary|127\.0\.0\.1/);
  });

  it('do not decide about a token of a new key while they cannot be fetched', async () => {
    const next = await sign(claims(), { key: key2.privateKey, kid: 'key-2' });
    await check(await sign(claims()));
    expect(await failureOf(() => check(next))).toMatchObject({ kind: 'unauthenticated' });
    issuer.answerWith(JWKS_PATH, { status: 503, body: 'down' });
    time.advanceSeconds(30);
    for (let attempt = 0; attempt < 3; attempt += 1)
      expect(await failureOf(() => check(next))).toMatchObject({ kind: 'keys-unavailable' });
    await check(await sign(claims()));
    expect(issuer.calls).toHaveLength(2);

    await publish({ 'key-1': key1.publicKey, 'key-2': key2.publicKey });
    time.advanceSeconds(30);
    // The first try starts the fetch, and does not wait for it.
    expect(await failureOf(() => check(next))).toMatchObject({ kind: 'keys-unavailable' });
    await until(() => Promise.resolve(check(next)).catch(() => false));
    expect(issuer.calls).toHaveLength(3);
  });

  it.each([
    ['names a key that nobody has', { kid: 'key-2' }],
    ['is forged', { kid: 'key-1' }],
  ])('delay a token that %s only once while they do not arrive', async (_title, header) => {
    const bad = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'ES256', ...header })
      .sign(stranger.privateKey);
    await check(await sign(claims()));
    issuer.answerWith(JWKS_PATH, { status: 503, body: 'down' });
    time.advanceSeconds(30);
    expect(await failureOf(() => check(bad))).toBeDefined();
    expect(issuer.calls).toHaveLength(2);

    isSilent = true;
    time.advanceSeconds(30);
    expect(await failureOf(() => check(bad))).toBeDefined();
    expect(asked).toBe(3);
  });

  it.each([
    ['one key twice', () => [key1, key1], { kid: 'key-1' }],
    ['two keys, and a token that names none', () => [key2, key1], {}],
    ['a key that cannot be used before it', () => [undefined, key1], {}],
    ['two keys of one name', () => [key2, key1], { kid: 'key-1' }],
  ] as const)('may be %s: each is tried', async (_title, keys, header) => {
    const jwks = await Promise.all(
      keys().map(async (key) =>
        !key
          ? { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'key-1' }
          : { ...(await exportJWK(key.publicKey)), kid: 'key-1' },
      ),
    );
    issuer.answerWith(JWKS_PATH, { body: { keys: jwks } });
    const signWith = (payload: JWTPayload, { privateKey } = key1) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey);

    expect(await check(await signWith(claims()))).toMatchObject({ mayWrite: false });
    const expired = await failureOf(async () => check(await signWith(claims({ exp: 1 }))));
    expect(expired).toMatchObject({ message: 'The access token has expired. Send a new one.' });
    const forged = await failureOf(async () => check(await signWith(claims(), stranger)));
    expect(forged).toMatchObject({
      kind: 'unauthenticated',
      reason: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it('are tried for one token, ten at most', async () => {
    const others = Array.from({ length: 10 }, () => createEcKey());
    const jwks = await Promise.all([...others, key1].map(({ publicKey }) => exportJWK(publicKey)));
    const jwt = await new SignJWT(claims()).setProtectedHeader({ alg: 'ES256' }).sign(key1.privateKey);
    issuer.answerWith(JWKS_PATH, { body: { keys: jwks.slice(1) } });
    await check(jwt);
    time.advanceSeconds(601);
    issuer.answerWith(JWKS_PATH, { body: { keys: jwks } });
    const late = await new SignJWT(claims()).setProtectedHeader({ alg: 'ES256' }).sign(key1.privateKey);
    expect(await failureOf(() => check(late))).toMatchObject({ kind: 'unauthenticated' });
  });

  it('that could never be fetched are reported as such, and tried once a second', async () => {
    issuer.answerWith(JWKS_PATH, { status: 404, body: '' });
    const jwt = await sign(claims());
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await failureOf(() => check(jwt))).toMatchObject({
        name: 'AuthError',
        kind: 'keys-unavailable',
      });
    }
    expect(issuer.calls).toHaveLength(1);

    await publish({ 'key-1': key1.publicKey });
    time.advanceSeconds(1);
    await check(jwt);
  });
});

describe('Keys of a set that must not be used', () => {
  const rsa = generatePair('rsa', { modulusLength: 2048 });
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa' };
  const long = Buffer.alloc(90_000, 0xc5).toString('base64url');
  const signRsa = () =>
    new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(rsa.privateKey);

  it.each([
    ['the exponent 1, under which anybody signs', { e: 'AQ' }],
    ['an even exponent', { e: 'AQAA' }],
    ['an exponent of 90 KB', { e: long }],
    ['a modulus of 90 KB', { n: long }],
    ['a modulus of 1024 bits', { n: jwk.n?.slice(0, 171) }],
    ['an unknown type', { kty: 'XYZ' }],
  ])('(%s) are left out, at once, and the others serve', async (_title, change) => {
    const usable = { ...(await exportJWK(key1.publicKey)), kid: 'key-1' };
    issuer.answerWith(JWKS_PATH, { body: { keys: [{ ...jwk, ...change }, null, usable] } });
    const before = ownCpuMs();
    expect(await failureOf(async () => check(await signRsa()))).toMatchObject({ kind: 'unauthenticated' });
    expect(await check(await sign(claims()))).toMatchObject({ mayWrite: false });
    expect(ownCpuMs() - before).toBeLessThan(1000);
  });

  it('do not include sound RSA keys', async () => {
    issuer.answerWith(JWKS_PATH, { body: { keys: [jwk] } });
    expect(await check(await signRsa())).toMatchObject({ mayWrite: false });
  });

  it('beyond the hundredth are not searched', async () => {
    const usable = { ...(await exportJWK(key1.publicKey)), kid: 'key-1' };
    const others = Array.from({ length: 100 }, (_, at) => ({ ...usable, kid: `other-${at}` }));
    issuer.answerWith(JWKS_PATH, { body: { keys: [...others, usable] } });
    expect(await failureOf(async () => check(await sign(claims())))).toMatchObject({
      kind: 'unauthenticated',
    });
  });
});
