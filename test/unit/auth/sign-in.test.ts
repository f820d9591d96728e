import { describe, expect, it } from '@jest/globals';
import { decodeJwt, jwtVerify } from 'jose';
import { createSignIn, type PatOptions } from '../../../src/auth/pat/sign-in.ts';
import { CancellationSource } from '../../../src/upstream/cancellation.ts';
import { UpstreamError } from '../../../src/upstream/upstream-error.ts';
import {
  createEcKey,
  createTestClock,
  failureOf,
  STS_PATH,
  shareIssuer,
  TOKEN_PATH,
  toPatOptions,
  transport,
} from './support.ts';

const { pem, publicKey } = createEcKey();
const { clock, advanceSeconds } = createTestClock();
const issuer = shareIssuer();

function signIn(more: Partial<PatOptions> = {}) {
  return createSignIn(toPatOptions(issuer, pem, more), {
    transport,
    clock,
    steadyClock: clock,
    closing: new CancellationSource(),
  });
}

describe('A personal access token signs in', () => {
  it('with an assertion at the token endpoint, then at the STS for the project', async () => {
    const { value } = await signIn().run();

    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH]);
    const [oauth, sts] = issuer.calls;
    expect(oauth).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const { client_assertion: assertion, ...form } = Object.fromEntries(new URLSearchParams(oauth?.body));
    expect(form).toEqual({
      grant_type: 'client_credentials',
      scope: 'openid',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_id: 'token-id',
    });
    await jwtVerify(assertion as string, publicKey, {
      audience: `${issuer.origin}${TOKEN_PATH}`,
      currentDate: new Date(clock()),
    });
    expect(sts).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer user-1' },
      body: '{"projectId":"project-id"}',
    });
    expect(value).toBe('project-1');
  });

  it('at the token endpoint alone when IAM gets the user token', async () => {
    const { value } = await signIn({ credential: 'user' }).run();

    expect(issuer.paths()).toEqual([TOKEN_PATH]);
    expect(value).toMatch(/^user-\d+$/);
  });

  it('requests only the STS again while the user token is valid', async () => {
    const { run } = signIn();
    await run();
    await run();
    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH, STS_PATH]);

    advanceSeconds(3600 - 60);
    await run();
    expect(issuer.paths().slice(3)).toEqual([TOKEN_PATH, STS_PATH]);
  });

  it.each([401, 400, 503])(
    'starts over when the STS has stopped accepting the user token, by status %i',
    async (status) => {
      const { run } = signIn();
      await run();
      issuer.calls.length = 0;
      issuer.answerWith(STS_PATH, { status, body: { name: 'InvalidJwtTokenError' } });

      await failureOf(run);
      expect(issuer.paths()).toEqual([STS_PATH, TOKEN_PATH, STS_PATH]);
    },
  );

  it('uses a new assertion for every attempt', async () => {
    issuer.answerWith(TOKEN_PATH, { status: 503, body: '' });
    const { run } = signIn();
    await failureOf(run);
    await failureOf(run);
    await failureOf(run);

    const ids = issuer.assertions().map((jwt) => decodeJwt(jwt as string).jti);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
  });

  it.each([
    [3600, 3540],
    [300, 240],
    [121, 61],
    [120, 60],
    [60, 30],
    [10, 5],
  ])('uses a token with a lifetime of %i s for %i s', async (lifetime, usable) => {
    issuer.answerWith(TOKEN_PATH, { body: { access_token: 'x', expires_in: lifetime } });
    const token = await signIn({ credential: 'user' }).run();

    expect((token.usableUntilMs - clock()) / 1000).toBe(usable);
  });

  it('assumes five minutes when the token endpoint states no lifetime', async () => {
    issuer.answerWith(TOKEN_PATH, { body: { access_token: 'x' } });

    expect(await signIn({ credential: 'user' }).run()).toMatchObject({ lifetimeSeconds: 300 });
  });
});

describe('A sign-in that goes wrong says how, without what was sent', () => {
  it.each([
    [
      TOKEN_PATH,
      401,
      { error: 'invalid_client', error_description: 'canary' },
      { kind: 'status', status: 401, iamName: 'invalid_client' },
    ],
    [TOKEN_PATH, 400, { error: 'Invalid canary' }, { kind: 'status', status: 400, iamName: undefined }],
    [TOKEN_PATH, 503, '<html>canary</html>', { kind: 'status', status: 503 }],
    [TOKEN_PATH, 429, { error: 'slow_down' }, { kind: 'status', status: 429, retryAfterSeconds: 7 }],
    [TOKEN_PATH, 302, '', { kind: 'invalid-response', status: 302 }],
    [TOKEN_PATH, 200, '<html>canary</html>', { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, '["canary"]', { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, {}, { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, { access_token: '', expires_in: 60 }, { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, { access_token: 'canary\r\nx: 1', expires_in: 60 }, { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, { access_token: 'canary', expires_in: '60' }, { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, { access_token: 'canary', expires_in: 0 }, { kind: 'invalid-response' }],
    [TOKEN_PATH, 200, { access_token: 'canary', expires_in: -1 }, { kind: 'invalid-response' }],
    [
      STS_PATH,
      403,
      { name: 'PrincipalDoesNotBelongToProjectError', message: 'canary', traceId: 'trace-1' },
      { kind: 'status', status: 403, iamName: 'PrincipalDoesNotBelongToProjectError', traceId: 'trace-1' },
    ],
    [STS_PATH, 500, '', { kind: 'status', status: 500 }],
    [STS_PATH, 200, { accessToken: 'canary' }, { kind: 'invalid-response' }],
    [STS_PATH, 200, { accessToken: 7, expiresIn: 60 }, { kind: 'invalid-response' }],
  ])('%s responds with %i %j', async (path, status, body, expected) => {
    issuer.answerWith(path, {
      status,
      body,
      headers: { 'retry-after': '7', location: 'http://127.0.0.1:9/' },
    });
    const error = await failureOf(signIn().run);

    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject(expected);
    expect(String(error)).not.toMatch(/canary|127\.0\.0\.1|eyJ/);
  });
});
