import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { failureOf, STS_PATH, shareIssuer, sharePatCredential, TOKEN_PATH } from './support.ts';

const issuer = shareIssuer();
const { pem, credential, create, time, logged, ask } = sharePatCredential(issuer);

describe('A sign-in that fails', () => {
  it('is reported to all waiting callers, tried at most once a second, and cleared on success', async () => {
    issuer.answerWith(TOKEN_PATH, { status: 503, body: '' });
    const failures = await Promise.all(
      Array.from({ length: 50 }, () => failureOf(() => credential.authorization())),
    );
    expect(issuer.calls).toHaveLength(1);
    expect(failures[49]).toMatchObject({
      name: 'UpstreamError',
      kind: 'status',
      status: 503,
      requestSent: false,
    });

    issuer.answerAsUsual();
    time.advanceSeconds(0.999);
    expect(await failureOf(() => credential.authorization())).toMatchObject({ status: 503 });
    expect(issuer.calls).toHaveLength(1);

    time.advanceSeconds(0.001);
    expect(await credential.authorization()).toMatch(/^Bearer project-/);
    expect(issuer.paths()).toEqual([TOKEN_PATH, TOKEN_PATH, STS_PATH]);
  });

  it.each([
    [TOKEN_PATH, 429, '12', 12],
    [TOKEN_PATH, 408, '12', 12],
    [STS_PATH, 503, '12', 12],
    [STS_PATH, 429, '86400', 20],
  ])(
    'with %s, status %i and `Retry-After: %s` is tried again after %i s',
    async (path, status, retryAfter, seconds) => {
      issuer.answerWith(path, { status, body: '', headers: { 'retry-after': retryAfter } });
      await failureOf(() => credential.authorization());
      issuer.answerAsUsual();
      const calls = issuer.calls.length;
      time.advanceSeconds(seconds - 0.001);
      expect(await failureOf(() => credential.authorization())).toMatchObject({
        status,
        retryAfterSeconds: seconds,
      });
      expect(issuer.calls).toHaveLength(calls);

      time.advanceSeconds(0.001);
      expect(await credential.authorization()).toMatch(/^Bearer project-/);
    },
  );

  it.each([
    [TOKEN_PATH, 401, { error: 'invalid_client' }, 'invalid_client'],
    [TOKEN_PATH, 404, '', '404'],
    [STS_PATH, 403, { name: 'PrincipalDoesNotBelongToProjectError' }, 'PrincipalDoesNotBelongToProjectError'],
    [STS_PATH, 500, { name: 'InvalidJwtTokenError' }, 'InvalidJwtTokenError'],
  ])(
    'because %s responds with %i is reported as a problem for the operator, not the caller',
    async (path, status, body, reason) => {
      issuer.answerWith(path, { status, body });

      expect(await failureOf(() => credential.authorization())).toMatchObject({
        name: 'AuthError',
        kind: 'sign-in-rejected',
        message: 'The gateway could not sign in to IAM. Ask its operator to check its personal access token.',
        reason,
      });
    },
  );

  it.each([
    [-400, '400 s ahead of'],
    [3600, '3600 s behind'],
  ])('while the clocks differ by %i s names the clock and the difference', async (seconds, difference) => {
    const date = new Date(time.clock() + seconds * 1000).toUTCString();
    issuer.answerWith(TOKEN_PATH, { status: 401, body: { error: 'invalid_client' }, headers: { date } });

    expect(await failureOf(() => credential.authorization())).toMatchObject({
      kind: 'sign-in-rejected',
      message: `The gateway could not sign in to IAM, and the clock of this machine is ${difference} that of IAM. Ask its operator to set the clock.`,
    });
    expect(logged.lines.at(-1)).toMatchObject({
      fields: {
        clockAheadSeconds: -seconds,
        reason: `The token endpoint responded with 401 invalid_client; the clock of this machine is ${difference} that of IAM`,
      },
    });
  });

  it.each([undefined, 'yesterday', '30 s'])('does not mention clocks that agree (%s)', async (what) => {
    const date = what === '30 s' ? new Date(time.clock() - 30_000).toUTCString() : what;
    const headers = date === undefined ? {} : { date };
    issuer.answerWith(TOKEN_PATH, { status: 401, body: { error: 'invalid_client' }, headers });

    const failure = (await failureOf(() => credential.authorization())) as Error;
    expect(failure.message).toMatch(/check its personal access token/);
  });

  it('because nobody listens says so, and that nothing was sent', async () => {
    const credential = create({ tokenEndpoint: 'http://127.0.0.1:9/oauth2/token' });

    expect(await failureOf(() => credential.authorization())).toMatchObject({
      name: 'UpstreamError',
      kind: 'unavailable',
      requestSent: false,
    });
  });
});

describe('A value that IAM rejected', () => {
  it('is replaced once, beginning with the assertion, for any number of callers', async () => {
    const [first] = (await ask(50)) as [string];
    const renewed = await Promise.all(Array.from({ length: 50 }, () => credential.renew(first)));

    expect(issuer.paths()).toEqual([TOKEN_PATH, STS_PATH, TOKEN_PATH, STS_PATH]);
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(first);
    expect(credential.authorization()).toBe(renewed[0]);
  });

  it('and has been replaced meanwhile costs no further sign-in', async () => {
    const first = await credential.authorization();
    const second = await credential.renew(first);

    expect(await credential.renew(first)).toBe(second);
    expect(issuer.calls).toHaveLength(4);
  });

  it('right after it was renewed is not renewed again within a second', async () => {
    const second = (await credential.renew(await credential.authorization())) as string;

    expect(await credential.renew(second)).toBeUndefined();
    expect(credential.authorization()).toBe(second);
    time.advanceSeconds(1);
    expect(await credential.renew(second)).toMatch(/^Bearer project-/);
    expect(issuer.calls).toHaveLength(6);
  });

  it('is not used again, even when no new one is available', async () => {
    const first = await credential.authorization();
    issuer.answerWith(TOKEN_PATH, { status: 503, body: '' });

    expect(await failureOf(() => credential.renew(first))).toMatchObject({ status: 503 });
    expect(await failureOf(() => credential.authorization())).toMatchObject({ status: 503 });
    expect(issuer.calls).toHaveLength(3);
  });

  it('does not count as renewed when it is issued again unchanged', async () => {
    issuer.answerWith(STS_PATH, { body: { accessToken: 'same', expiresIn: 3600 } });
    const first = await credential.authorization();

    expect(await credential.renew(first)).toBeUndefined();
  });
});

describe('Secrets of the personal access token', () => {
  it('show neither in the credential nor in the log nor in errors', async () => {
    const key = pem.split('\n')[1];
    const credential = create();
    const value = (await credential.authorization()) as string;
    issuer.answerWith(TOKEN_PATH, {
      status: 401,
      body: { error: 'invalid_client', error_description: 'canary' },
    });
    const error = await failureOf(() => credential.renew(value));

    const printed = [credential, logged.lines, error]
      .map((it) => `${JSON.stringify(it)} ${inspect(it, { depth: 9, showHidden: true })}`)
      .join();
    expect(logged.lines.map(({ level }) => level)).toEqual(['info', 'warn']);
    expect(printed).not.toContain(key);
    expect(printed).not.toMatch(/canary|eyJ|user-\d|project-\d|Bearer/);
  });
});
