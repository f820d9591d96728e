import { describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import type { AuthError } from '../../../src/auth/authenticator.ts';
import { createEcKey, failureOf, shareIssuer, shareJwtCheck } from './support.ts';

const stranger = createEcKey();
const issuer = shareIssuer();
const { key: key1, time, check, checkOf, claims, sign } = shareJwtCheck(issuer);

describe('A caller with an access token of the identity provider', () => {
  it.each([
    ['scope "tokens:read"', { scope: 'tokens:read' }, false],
    ['scope "tokens:write", which includes reading', { scope: 'tokens:write' }, true],
    ['both scopes', { scope: 'tokens:read tokens:write' }, true],
    ['scp as an array', { scope: undefined, scp: ['tokens:write'] }, true],
    ['scp as a string', { scope: undefined, scp: 'tokens:read openid' }, false],
  ])('may do what its scopes say: %s', async (_, scopes, mayWrite) => {
    expect(await check(`Bearer ${await sign(claims(scopes))}`)).toMatchObject({ mayWrite });
  });

  it('stays the same principal when the token is renewed, and is another one with another issuer or name', async () => {
    const first = await check(await sign(claims()));
    const renewed = await check(await sign(claims({ exp: Math.floor(time.clock() / 1000) + 900 })));
    const bob = await check(await sign(claims({ sub: 'bob' })));
    const iss = 'https://other.example/';
    const elsewhere = await checkOf(iss)(await sign(claims({ iss })));

    expect(first.principal).toMatch(/^[0-9a-f]{64}$/);
    expect(renewed.principal).toBe(first.principal);
    expect(bob.principal).not.toBe(first.principal);
    expect(elsewhere.principal).not.toBe(first.principal);
  });

  it.each([
    [{ scope: 'openid tokens:reader' }],
    [{ scope: undefined }],
    [{ scope: { 'tokens:read': true } }],
  ])('is forbidden everything without a scope of ours: %j', async (scopes) => {
    expect(await failureOf(async () => check(await sign(claims(scopes))))).toMatchObject({
      name: 'AuthError',
      kind: 'forbidden',
    });
  });

  it('has 30 s of grace for clocks that differ', async () => {
    const now = Math.floor(time.clock() / 1000);

    await check(await sign(claims({ exp: now - 29, nbf: now + 29 })));
    expect(await failureOf(async () => check(await sign(claims({ exp: now - 30 }))))).toMatchObject({
      kind: 'unauthenticated',
      message: 'The access token has expired. Send a new one.',
    });
  });
});

describe('An access token is rejected', () => {
  it.each<[string, () => Promise<string> | string, string]>([
    [
      'from another issuer',
      () => sign(claims({ iss: 'https://canary.example/' })),
      'ERR_JWT_CLAIM_VALIDATION_FAILED iss',
    ],
    ['for another audience', () => sign(claims({ aud: 'canary' })), 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['without an issuer', () => sign(claims({ iss: undefined })), 'ERR_JWT_CLAIM_VALIDATION_FAILED iss'],
    ['without an audience', () => sign(claims({ aud: undefined })), 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    ['that never ends', () => sign(claims({ exp: undefined })), 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    ['about nobody', () => sign(claims({ sub: undefined })), 'ERR_JWT_CLAIM_VALIDATION_FAILED sub'],
    ['about an empty name', () => sign(claims({ sub: '' })), 'empty sub'],
    [
      'before its time',
      () => sign(claims({ nbf: time.clock() / 1000 + 60 })),
      'ERR_JWT_CLAIM_VALIDATION_FAILED nbf',
    ],
    ['without a signature (alg none)', () => new UnsecuredJWT(claims()).encode(), 'ERR_JOSE_ALG_NOT_ALLOWED'],
    ['signed with the public key as an HMAC secret', () => hmacWithPublicKey(), 'ERR_JOSE_ALG_NOT_ALLOWED'],
    [
      'signed by a stranger',
      () => sign(claims(), { key: stranger.privateKey }),
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    ],
    ['with an unknown key', () => sign(claims(), { kid: 'canary' }), 'ERR_JWKS_NO_MATCHING_KEY'],
    [
      'that was changed',
      async () =>
        (await sign(claims())).replace(
          /\.[^.]+\./,
          `.${Buffer.from('{"sub":"canary"}').toString('base64url')}.`,
        ),
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    ],
    ['that is no JWT', () => 'canary', 'ERR_JWS_INVALID'],
  ])('%s', async (_, makeJwt, reason) => {
    const jwt = await makeJwt();
    const error = await failureOf(() => check(`Bearer ${jwt}`));

    expect(error).toMatchObject({
      name: 'AuthError',
      kind: 'unauthenticated',
      message: 'Send `Authorization: Bearer <access token>` with a JWT made for this gateway.',
      reason,
    });
    expect((error as AuthError).cause).toBeUndefined();
  });

  it.each([undefined, 'Basic x', 'Bearer a b'])('when the header is %j', async (header) => {
    expect(await failureOf(() => check(header))).toMatchObject({ kind: 'unauthenticated' });
    expect(issuer.calls).toHaveLength(0);
  });

  function hmacWithPublicKey(): Promise<string> {
    const secret = key1.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    return new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(new TextEncoder().encode(secret));
  }
});
