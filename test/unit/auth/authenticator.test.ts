import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, SignJWT } from 'jose';
import type { Caller } from '../../../src/auth/authenticator.ts';
import { createAuthenticator } from '../../../src/auth/authenticator.ts';
import type { AuthConfig, PatConfig } from '../../../src/config/auth.ts';
import { createSecret } from '../../../src/config/variable-types.ts';
import {
  createEcKey,
  createTestLog,
  failureOf,
  JWKS_PATH,
  STS_PATH,
  shareIssuer,
  TOKEN_PATH,
  toPatOptions,
  transport,
} from './support.ts';

const { pem, privateKey, publicKey } = createEcKey();
const keyHash = createHash('sha256').update('my-key').digest('hex');
const issuer = shareIssuer();

beforeEach(async () => {
  issuer.answerWith(JWKS_PATH, { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1' }] } });
});

function create(auth: AuthConfig) {
  const { log } = createTestLog();
  const openTransport = async () => transport;
  return createAuthenticator(auth, { apiGatewayUrl: issuer.origin }, openTransport, { clock: Date.now, log });
}

function createPat(callerAuth: PatConfig['callerAuth']) {
  return create({ mode: 'pat', ...toPatOptions(issuer, pem), privateKeyFile: undefined, callerAuth });
}

describe('Authentication as it is configured', () => {
  it('passes the caller’s own credential through', async () => {
    const { authenticate } = await create({ mode: 'pass-through' });
    const caller = authenticate('alice') as Caller;

    expect(caller.credential.authorization()).toBe('Bearer alice');
  });

  it('treats all clients as one principal when callers are not authenticated', async () => {
    const { authenticate } = await createPat({ kind: 'none' });
    const caller = authenticate(undefined) as Caller;

    expect(caller).toMatchObject({ principal: 'anonymous', mayWrite: true });
    expect(await caller.credential.authorization()).toMatch(/^Bearer project-/);
  });

  it('distinguishes callers by API key while they share the gateway’s credential', async () => {
    const { authenticate } = await createPat({
      kind: 'api-key',
      file: 'keys',
      text: `me:read:${keyHash}`,
    });
    const caller = authenticate('Bearer my-key') as Caller;

    expect(caller).toMatchObject({ principal: keyHash, mayWrite: false });
    expect(caller.credential.identity).not.toBe(keyHash);
    expect(await caller.credential.authorization()).toMatch(/^Bearer project-/);
    expect(await failureOf(() => authenticate('Bearer other'))).toMatchObject({ kind: 'unauthenticated' });
  });

  it('distinguishes callers by JWT, and sends IAM nothing of it', async () => {
    const jwt = await new SignJWT({ scope: 'tokens:write' })
      .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
      .setIssuer('https://login.example/')
      .setAudience('gateway')
      .setSubject('alice')
      .setExpirationTime('5 min')
      .sign(privateKey);
    const authenticator = await createPat({
      kind: 'jwt',
      jwksUrl: createSecret(`${issuer.origin}${JWKS_PATH}`),
      issuer: 'https://login.example/',
      audience: 'gateway',
    });

    const caller = await authenticator.authenticate(`Bearer ${jwt}`);
    const value = await caller.credential.authorization();
    expect(caller).toMatchObject({ mayWrite: true });
    expect(value).toMatch(/^Bearer project-/);
    expect(issuer.paths()).toEqual([JWKS_PATH, TOKEN_PATH, STS_PATH]);
    expect(JSON.stringify(issuer.calls)).not.toContain(jwt);
  });

  it('shows no secret when it is printed', async () => {
    const authenticator = await createPat({ kind: 'none' });
    const printed = inspect([authenticator, authenticator.authenticate('canary')], {
      depth: 9,
      showHidden: true,
    });

    expect(printed).not.toContain(pem.split('\n')[1]);
    expect(printed).not.toContain('canary');
  });

  it('ends a sign-in that is under way when the gateway closes', async () => {
    const authenticator = await createPat({ kind: 'none' });
    const caller = authenticator.authenticate(undefined) as Caller;
    const pending = failureOf(() => caller.credential.authorization());
    authenticator.close();

    expect(await pending).toMatchObject({ kind: 'aborted' });
  });
});
