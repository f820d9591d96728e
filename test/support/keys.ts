// biome-ignore lint/style/noRestrictedImports: the one place, see generatePair
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JsonWebKeyDto } from '../../src/upstream/generated.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKeyDto;
}

/**
 * A new key pair, imported from PEM. In Node.js 20, a key as `generateKeyPairSync` returns it shares a lock with the job that
 * generated it: when that is collected as garbage during an export of the key as a JWK, the process stands still for ever.
 */
export function generatePair(type: 'rsa' | 'ec' | 'ed25519', options: object = {}) {
  // The overloads cannot tell which options belong to `type`; the others are ignored.
  const { privateKey: pem } = generateKeyPairSync(type as 'rsa', {
    modulusLength: 2048,
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** A new key pair for an algorithm that tokens may sign with. */
export function createKeyPair(alg: 'RS256' | 'RS512' | 'ES256' | 'ES512', kid = 'key-1'): KeyPair {
  const { publicKey, privateKey } = alg.startsWith('RS')
    ? generatePair('rsa', { modulusLength: 2048 })
    : generatePair('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-521' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } as unknown as JsonWebKeyDto;
  return { privateKey, jwk };
}

export function toPem(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** The vendor's example key, for tests that sign nothing. */
export const RSA_JWK = {
  use: 'sig',
  kty: 'RSA',
  kid: 'b5df235d-e91a-415e-a946-f7a0a381e785',
  alg: 'RS256',
  n: 'wSy9nhsr2wAE8i2TGRoqrlhpPTHe7lPHb6phM-sZA1VW5Tzp7YzuFC9ryZaIj7a-UrjHUW4atqr1RdzyqQPAdkcZiOA1tyIL1n_rH1-dtUbiA7c07OrUNP7kuzWNfJ1h0z6i7sj1kjj9IXMRuZzLNI_ejeT7Vq8QeRENxEQv9_nmR76xGVUQjCwixwU2fgwlMKkOtdp76YoNlighb0_VLqWg3lvZ-IhtA7tyG_DQRS3WwBmjqEaO5-fK86jwRe0ekIi6l2-fAe8lfafQBG4KcXG_A2IjiRDwPO6OErx7qZMVLYnILjFFKkElN-OwKpGaJtc8gcRZJ9YYcbqGs4rYPQ',
  e: 'AQAB',
} as const;

export const EC_JWK = {
  use: 'sig',
  kty: 'EC',
  kid: 'signing-service-2026-08',
  alg: 'ES256',
  crv: 'P-256',
  x: 'SOeaV8hmW_OdqrzDX1ZrOoiAnFxaRycF8sbBrGFiLvE',
  y: 'KuFMcRjHNqw2XS7vcUx_hxoS1YOzfBEQQTkN5Go8DFU',
} as const;
