import { describe, expect, it } from '@jest/globals';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import { ownCpuMs } from '../support/cpu.ts';
import { shareEmulator } from '../support/share.ts';
import { clientOf } from './support.ts';

const NOW_SECONDS = 1_800_000_000;
let nowSeconds = NOW_SECONDS;
const emulator = shareEmulator({ clock: () => nowSeconds * 1000 });

interface Registered {
  readonly id: string;
  readonly alg: string;
  readonly privateKey: GenerateKeyPairResult['privateKey'];
}

/** A token of `owner` with a key of its own. */
async function register(alg: string, owner = 'owner'): Promise<Registered> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg, use: 'sig' };
  const authenticationMethod = {
    type: 'PRIVATE_KEY',
    signingAlgorithm: alg,
    publicKeyInfo: { jwks: { keys: [jwk] } },
  };
  const body = { name: 'pat', authenticationMethod };
  const answer = await clientOf(emulator, owner)('POST', '/v1/tokens', { body });
  return { id: answer.body.id, alg, privateKey };
}

function assertion(
  { id, alg, privateKey }: Registered,
  change: object = {},
  header: object = {},
): Promise<string> {
  const claims = {
    iss: id,
    sub: id,
    aud: emulator.tokenEndpoint,
    jti: crypto.randomUUID(),
    exp: nowSeconds + 300,
  };
  return new SignJWT({ ...claims, ...change })
    .setProtectedHeader({ alg, kid: 'key-1', ...header })
    .sign(privateKey);
}

async function signIn(
  token: Registered,
  jwt: string,
  change: Record<string, string> = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
): Promise<{ status: number; body: any }> {
  const form = {
    grant_type: 'client_credentials',
    scope: 'openid',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: jwt,
    client_id: token.id,
    ...change,
  };
  const answer = await fetch(emulator.tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) });
  return { status: answer.status, body: await answer.json() };
}

describe('Signing in with a personal access token', () => {
  it.each(['RS256', 'RS512', 'ES256', 'ES512'])('works with %s', async (alg) => {
    const token = await register(alg);
    const { status, body } = await signIn(token, await assertion(token));
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), expires_in: 3600, token_type: 'bearer', scope: 'openid' },
    ]);
    const whoami = await clientOf(emulator, `Bearer ${body.access_token}`)('GET', '/v1/sts/whoami');
    expect(whoami.body).toEqual({ principalId: token.id, principalType: 'token' });
  });

  it('works without a kid', async () => {
    const token = await register('ES256');
    expect((await signIn(token, await assertion(token, {}, { kid: undefined }))).status).toBe(200);
  });

  it('rejects a jti that was used before', async () => {
    const token = await register('ES256');
    const jwt = await assertion(token);
    expect((await signIn(token, jwt)).status).toBe(200);
    expect(await signIn(token, jwt)).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: 'jti was used before' },
    });
  });

  it.each([
    ['a wrong audience', { aud: 'https://elsewhere.example/token' }, 'unexpected aud claim value'],
    ['a wrong issuer', { iss: 'somebody' }, 'unexpected iss claim value'],
    ['a wrong subject', { sub: 'somebody' }, 'unexpected sub claim value'],
    ['an assertion that has expired', { exp: NOW_SECONDS - 60 }, 'exp claim timestamp check failed'],
    ['an assertion that lives too long', { exp: NOW_SECONDS + 3600 }, 'exp is too far ahead'],
    ['no exp', { exp: undefined }, 'missing required exp claim'],
    ...[undefined, '', 0, 1, null, {}].map(
      (jti) => [`the jti ${JSON.stringify(jti)}`, { jti }, 'jti is missing'] as const,
    ),
  ])('rejects %s', async (_, change, description) => {
    const token = await register('ES256');
    expect(await signIn(token, await assertion(token, change))).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: description },
    });
  });

  it('rejects the key of another token', async () => {
    const [token, other] = await Promise.all([register('ES256'), register('ES256')]);
    const jwt = await assertion({ ...other, id: token.id });
    expect((await signIn(token, jwt)).body.error_description).toBe('signature verification failed');
  });

  it('rejects an algorithm that is not the registered one', async () => {
    const [token, other] = await Promise.all([register('RS256'), register('RS512')]);
    const jwt = await assertion({ ...other, id: token.id });
    expect((await signIn(token, jwt)).body.error_description).toBe(
      'alg (Algorithm) Header Parameter value not allowed',
    );
  });

  it('describes an error in the characters that OAuth allows', async () => {
    const header = JSON.stringify({ alg: 'ES256', kid: 'key-1', crit: ['a"\\\né'] });
    const { body } = await signIn(
      await register('ES256'),
      `${Buffer.from(header).toString('base64url')}.e30.x`,
    );
    expect(body.error_description).toBe('Extension Header Parameter a is not recognized');
  });

  it('rejects a token whose keys are behind a URL', async () => {
    const [, , portal] = emulator.tokensOf('demo');
    const { status, body } = await signIn({ ...(await register('ES256')), id: portal?.id ?? '' }, 'x.y.z');
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });

  it.each([
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [{ grant_type: '', client_id: '' }, 400, 'unsupported_grant_type'],
    [{ grant_type: 'x', client_id: '' }, 400, 'unsupported_grant_type'],
    [{ client_id: '' }, 400, 'invalid_request'],
    [{ client_assertion_type: 'x' }, 400, 'invalid_request'],
    [{ client_assertion: '' }, 400, 'invalid_request'],
    [{ client_assertion: 'no JWT' }, 401, 'invalid_client'],
    [{ client_id: 'nobody' }, 401, 'invalid_client'],
  ])('responds to a form with %j in the words of OAuth', async (change, status, error) => {
    const token = await register('ES256');
    const answer = await signIn(token, await assertion(token), change);
    expect([answer.status, answer.body.error]).toEqual([status, error]);
  });
});

describe('A credential that was issued', () => {
  it('shows the tokens of the owner', async () => {
    const token = await register('ES256', 'demo');
    const { body } = await signIn(token, await assertion(token));
    const list = await clientOf(emulator, body.access_token)('GET', '/v1/tokens?limit=1');
    expect(list.body.tokens[0].name).toBe('billing-worker');
  });

  it('is exchanged for one of a project the token is in, and of no other', async () => {
    const token = await register('ES256');
    const { body } = await signIn(token, await assertion(token));
    const send = clientOf(emulator, `Bearer ${body.access_token}`);
    const exchange = (projectId: string) =>
      send('POST', '/v1/sts/create-project-scoped-token', { body: { projectId } });
    expect(await exchange('payroll')).toMatchObject({
      status: 403,
      body: { name: 'PrincipalDoesNotBelongToProjectError' },
    });
    await emulator.addProject(token.id, { id: 'payroll' });
    const { status, body: scoped } = await exchange('payroll');
    expect([status, scoped]).toEqual([
      200,
      { accessToken: expect.any(String), expiresIn: 3600, scope: 'openid offline_access' },
    ]);
    expect((await clientOf(emulator, scoped.accessToken)('GET', '/v1/tokens')).status).toBe(200);
  });

  it('lets the owner add another token to the project', async () => {
    const [token, other] = await Promise.all([register('ES256', 'carol'), register('ES256', 'carol')]);
    await emulator.addProject(token.id, { id: 'carols', name: 'Carols' });
    const carol = clientOf(emulator, 'carol');
    const { body } = await carol('POST', '/v1/sts/create-project-scoped-token', {
      body: { projectId: 'carols' },
    });
    const principal = { principalId: other.id, principalType: 'token' };
    const added = await clientOf(emulator, body.accessToken)('POST', '/v1/projects/principals', {
      body: principal,
    });
    expect(added.status).toBe(204);
    expect((await carol('GET', `/v1/tokens/${other.id}/projects`)).body.projects).toMatchObject([
      { name: 'Carols' },
    ]);
  });

  it('is rejected when it was changed, has expired, or its token is gone', async () => {
    const token = await register('ES256');
    const { body } = await signIn(token, await assertion(token));
    const whoami = (bearer: string) => clientOf(emulator, bearer)('GET', '/v1/sts/whoami');
    const [head, claims, signature = ''] = body.access_token.split('.');
    const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await whoami(forged)).toMatchObject({
      status: 401,
      body: { details: [{ issue: 'jwt-invalid' }] },
    });
    nowSeconds += 3601;
    expect(await whoami(body.access_token)).toMatchObject({
      status: 401,
      body: { details: [{ issue: 'jwt-expired' }] },
    });
    nowSeconds = NOW_SECONDS;
    await clientOf(emulator, 'owner')('DELETE', `/v1/tokens/${token.id}`);
    expect(await whoami(body.access_token)).toMatchObject({
      status: 401,
      body: { name: 'InvalidJwtTokenError' },
    });
  });
});

describe('A registered key that takes minutes to import', () => {
  it.each([
    ['exponent', { e: 'x'.repeat(180_000) }],
    ['modulus', { n: 'x'.repeat(180_000) }],
  ])('(by its %s) does not sign in, and delays no other request', async (_title, change) => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig', ...change };
    const publicKeyInfo = { jwks: { keys: [jwk] } };
    const body = {
      name: 'pat',
      authenticationMethod: { type: 'PRIVATE_KEY', signingAlgorithm: 'RS256', publicKeyInfo },
    };
    const { body: created } = await clientOf(emulator, 'owner')('POST', '/v1/tokens', { body });
    const token = { id: created.id, alg: 'RS256', privateKey };
    const before = ownCpuMs();
    expect(await signIn(token, await assertion(token))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(ownCpuMs() - before).toBeLessThan(2000);
  });
});
