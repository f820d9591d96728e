import { describe, expect, it } from '@jest/globals';
import { createPrivateKeySearch } from '../../../src/tokens/private-key-text.ts';
import { checkKeySet, checkKeySetUrl } from '../../../src/tokens/validate-jwk.ts';
import { createKeyPair, EC_JWK, generatePair, RSA_JWK } from '../../support/keys.ts';

const findPrivateKey = createPrivateKeySearch();
const weak = generatePair('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const p384 = generatePair('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });

describe('A key set', () => {
  it.each(['RS256', 'RS512', 'ES256', 'ES512'] as const)('of a key for %s is accepted', (alg) => {
    expect(checkKeySet([createKeyPair(alg).jwk], alg, findPrivateKey)).toEqual([]);
  });

  it('of several keys is accepted, to rotate by overlap', () => {
    expect(checkKeySet([RSA_JWK, { ...RSA_JWK, kid: 'next' }], 'RS256', findPrivateKey)).toEqual([]);
  });

  it.each([
    ['no key', [], 'RS256', [], 'At least one key is needed.'],
    ['two keys of one kid', [RSA_JWK, RSA_JWK], 'RS256', [1, 'kid'], 'Each key needs a different `kid`.'],
    [
      'an empty kid',
      [{ ...RSA_JWK, kid: '' }],
      'RS256',
      [0, 'kid'],
      '1 to 256 visible ASCII characters are needed.',
    ],
    [
      'a key for another algorithm',
      [RSA_JWK],
      'RS512',
      [0, 'alg'],
      'It must be the same as `signingAlgorithm`.',
    ],
    [
      'an RSA key under an EC algorithm',
      [{ ...RSA_JWK, alg: 'ES256' }],
      'ES256',
      [0, 'kty'],
      '`ES256` takes a key of type `EC`.',
    ],
    [
      'the wrong curve',
      [{ ...EC_JWK, crv: 'P-384', ...pick(p384) }],
      'ES256',
      [0, 'crv'],
      '`ES256` takes the curve `P-256`.',
    ],
    [
      'an EC key without coordinates',
      [{ ...EC_JWK, x: undefined, y: undefined }],
      'ES256',
      [0, 'x'],
      'A key of type `EC` needs this member.',
    ],
    [
      'a point that is not on the curve',
      [{ ...EC_JWK, x: EC_JWK.y }],
      'ES256',
      [0],
      'The point is not on the curve `P-256`.',
    ],
    [
      'an RSA key that is too short',
      [{ ...RSA_JWK, n: weak.n }],
      'RS256',
      [0, 'n'],
      'An RSA key needs at least 2048 bits.',
    ],
    [
      'a modulus that is not base64url',
      [{ ...RSA_JWK, n: 'not+base64/' }],
      'RS256',
      [0, 'n'],
      '`n` must be base64url without padding, blanks and line breaks (RFC 7515 section 2).',
    ],
    [
      'an RSA key with a curve',
      [{ ...RSA_JWK, crv: 'P-256' }],
      'RS256',
      [0, 'crv'],
      'A key of type `RSA` has no such member.',
    ],
    [
      'a key for encryption',
      [{ ...RSA_JWK, use: 'enc' }],
      'RS256',
      [0, 'use'],
      'It must be `sig`, because tokens use their keys to sign.',
    ],
  ])('with %s is rejected', (_title, keys, alg, path, message) => {
    expect(checkKeySet(keys as never, alg, findPrivateKey)).toEqual([{ path, message }]);
  });
});

describe('The location of a key set', () => {
  it('may be an https URL', () => {
    expect(checkKeySetUrl('https://partner.example.com/.well-known/jwks.json?v=1', findPrivateKey)).toEqual(
      [],
    );
  });

  it.each([
    ['http://partner.example.com/jwks.json', 'An absolute https URL is needed.'],
    ['http://169.254.169.254/latest', 'An absolute https URL is needed.'],
    ['file:///etc/passwd', 'An absolute https URL is needed.'],
    ['javascript:alert(1)', 'An absolute https URL is needed.'],
    ['/jwks.json', 'An absolute https URL is needed.'],
    ['', 'An absolute https URL is needed.'],
    ['https://a:b/', 'An absolute https URL is needed.'],
    ['https://user:pass@partner.example.com/', 'The URL must not hold credentials.'],
    ['https://partner.example.com/#keys', 'The URL must not have a fragment.'],
    [`https://partner.example.com/${'a'.repeat(3000)}`, 'The URL must not be longer than 2048 characters.'],
  ])('may not be %s', (url, message) => {
    expect(checkKeySetUrl(url, findPrivateKey)).toEqual([{ path: [], message }]);
  });
});

function pick({ x, y }: { x?: string; y?: string }) {
  return { x, y };
}
