import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeJwt, jwtVerify } from 'jose';
import { createAssertion } from '../../../src/auth/pat/sign-in.ts';
import { generatePair } from '../../support/keys.ts';
import { createEcKey } from './support.ts';

const rsa = generatePair('rsa', { modulusLength: 2048 }).privateKey;
const p256 = createEcKey().privateKey;
const p521 = createEcKey('P-521').privateKey;

const nowMs = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
const about = {
  tokenEndpoint: 'https://auth.example/oauth2/token',
  tokenId: 'token-id',
  keyId: 'key-id',
};

describe('The token endpoint gets a signed assertion', () => {
  it.each([
    ['RS256', rsa],
    ['ES256', p256],
    ['ES512', p521],
  ] as const)(
    '%s, for five minutes of which half are over, about the token and for the endpoint',
    async (algorithm, key) => {
      const jwt = await createAssertion({ key, algorithm }, about, nowMs);

      const { protectedHeader, payload } = await jwtVerify(jwt, createPublicKey(key), {
        currentDate: new Date(nowMs),
      });
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'JWT', kid: 'key-id' });
      expect(payload).toEqual({
        iss: 'token-id',
        sub: 'token-id',
        aud: 'https://auth.example/oauth2/token',
        jti: expect.any(String),
        iat: 1767225600 - 150,
        exp: 1767225600 + 150,
      });
    },
  );

  it('never twice with the same id, in 1 000 made in the same millisecond', async () => {
    const made = Array.from({ length: 1_000 }, () =>
      createAssertion({ key: p256, algorithm: 'ES256' }, about, nowMs),
    );
    const ids = (await Promise.all(made)).map((jwt) => decodeJwt(jwt).jti);

    expect(new Set(ids).size).toBe(1_000);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
