import { createHash, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createPrivateKeySearch } from '../../../src/tokens/private-key-text.ts';
import { ownCpuMs } from '../../support/cpu.ts';
import { generatePair } from '../../support/keys.ts';
import { createRandom, readSeed } from '../../support/random.ts';

/** Alone in its request. */
const holdsPrivateKey = (text: string) => createPrivateKeySearch()(text) !== undefined;

const pairs = [
  generatePair('rsa', { modulusLength: 2048 }),
  ...['P-256', 'P-384', 'P-521'].map((namedCurve) => generatePair('ec', { namedCurve })),
  generatePair('ed25519'),
];
const base64 = (bytes: Buffer | string) => Buffer.from(bytes as string).toString('base64');
const base64url = (bytes: Buffer | string) => Buffer.from(bytes as string).toString('base64url');

type Encode = (text: string) => string;

/** How a private key is written down. */
const forms: Readonly<Record<string, (key: KeyObject) => string>> = {
  'a JWK': (key) => JSON.stringify(key.export({ format: 'jwk' })),
  'a JWK in capitals': (key) => {
    const members = Object.entries(key.export({ format: 'jwk' }));
    return JSON.stringify(Object.fromEntries(members.map(([name, value]) => [name.toUpperCase(), value])));
  },
  'a JWK without its type': (key) => JSON.stringify({ ...key.export({ format: 'jwk' }), kty: undefined }),
  'the private number of a JWK alone': (key) => JSON.stringify({ d: key.export({ format: 'jwk' }).d }),
  'a JWK, printed': (key) => JSON.stringify(key.export({ format: 'jwk' }), null, '\t'),
  'a JWK as JavaScript': (key) => `{ d: '${key.export({ format: 'jwk' }).d}' }`,
  'a set of one': (key) => JSON.stringify({ keys: [key.export({ format: 'jwk' })] }),
  'a list of one': (key) => JSON.stringify([key.export({ format: 'jwk' })]),
  PEM: (key) => key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'PEM without its first and last line': (key) =>
    key.export({ type: 'pkcs8', format: 'pem' }).toString().split('\n').slice(1, -2).join('\n'),
  'encrypted PKCS#8 in base64': (key) =>
    base64(key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' })),
  'PKCS#8 in base64url': (key) => base64url(key.export({ type: 'pkcs8', format: 'der' })),
  'PKCS#8 in hex': (key) => key.export({ type: 'pkcs8', format: 'der' }).toString('hex'),
};

/** What may have been done to it since. */
const disguises: readonly Encode[] = [
  (text) => text,
  base64,
  base64url,
  (text) => base64(base64(text)),
  (text) => `key_${base64(text)}`,
  (text) => base64(text).replace(/.{1,64}/g, '$&\n'),
  (text) => base64(text).replace(/.{1,64}/g, '$&␍␊'),
  (text) => base64(Buffer.from(text, 'utf16le')),
  (text) => JSON.stringify(text),
  (text) => JSON.stringify(base64(text)),
  encodeURIComponent,
  (text) => `https://a.example/jwks?key=${base64url(text)}`,
  (text) => text.replaceAll('\n', '\\n'),
  (text) => text.replaceAll('\n', ' '),
  (text) => `My key is ${text}`,
];

describe('A private key is found', () => {
  it.each(Object.entries(forms))('as %s', (_form, write) => {
    for (const { privateKey } of pairs)
      for (const [index, disguise] of disguises.entries()) {
        const text = disguise(write(privateKey));
        // A field takes 2000 characters.
        if (text.length > 2000) continue;
        const found = { type: privateKey.asymmetricKeyType, index, isFound: holdsPrivateKey(text), text };
        expect(found).toEqual({ ...found, isFound: true });
      }
  });

  it('as PKCS#1, SEC1 and the file of an SSH client without its label', () => {
    const [rsa, ec] = pairs.map(({ privateKey }) => privateKey) as [KeyObject, KeyObject];
    for (const bytes of [
      rsa.export({ type: 'pkcs1', format: 'der' }),
      ec.export({ type: 'sec1', format: 'der' }),
      Buffer.from(`openssh-key-v1\0${'x'.repeat(100)}`),
    ])
      for (const text of [base64(bytes), base64url(bytes), `ci-${base64(bytes)}`, bytes.toString('hex')])
        expect([text, holdsPrivateKey(text)]).toEqual([text, true]);
  });
});

describe('No private key is found', () => {
  it.each(pairs.map(({ publicKey }) => [publicKey.asymmetricKeyType, publicKey] as const))(
    'in a public key (%s)',
    (_type, key) => {
      const der = key.export({ type: 'spki', format: 'der' });
      const jwk = JSON.stringify(key.export({ format: 'jwk' }));
      for (const text of [
        base64(der),
        der.toString('hex'),
        key.export({ type: 'spki', format: 'pem' }).toString(),
        jwk,
        base64(jwk),
        JSON.stringify({ keys: [JSON.parse(jwk)] }),
      ])
        expect([text, holdsPrivateKey(text)]).toEqual([text, false]);
    },
  );

  it('in the request for a certificate of a small key', () => {
    // Its inner sequence begins at the fourth character of the base64, with a version as PKCS#8 has.
    const text =
      'MIHuMIGVAgEAMDMxCzAJBgNVBAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRIwEAYDVQQDDAlhLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ';
    expect(holdsPrivateKey(text)).toBe(false);
  });

  it('in names, ids, hashes, URLs and tokens', () => {
    const random = createRandom(readSeed('PRIVATE_KEY_SEED'));
    const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => random.integer(255)));
    const uuid = () =>
      bytes(16)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    const makers: readonly (() => string)[] = [
      uuid,
      () => `billing worker ${uuid()}`,
      () => `ari:iam:ap-southeast-1:${uuid()}:token/${uuid()}`,
      () => Array.from({ length: 40 }, uuid).join(', '),
      () => createHash('sha256').update(bytes(8)).digest('hex'),
      () => createHash('sha512').update(bytes(8)).digest('hex'),
      () => JSON.stringify({ d: createHash('sha256').update(bytes(8)).digest('hex') }),
      () => createHash('sha256').update(bytes(8)).digest('base64url'),
      () => `https://a.example/${base64url(bytes(90))}?d=${base64url(bytes(40))}&k=${base64url(bytes(40))}`,
      () =>
        `${base64url('{"alg":"RS256","kid":"d"}')}.${base64url(`{"sub":"${uuid()}"}`)}.${base64url(bytes(256))}`,
      () => base64(bytes(random.integer(1500))),
      () => bytes(900).toString('hex'),
      () => JSON.stringify({ k: uuid(), d: 'a description, 2026-11-26', p: 12, q: 'a question' }),
      () => 'Rotates the private key of billing (kty: RSA, d = 3072 bits) in May; ask Quentin. '.repeat(20),
    ];
    for (let count = 0; count < 300; count++)
      for (const make of makers) {
        const text = make();
        expect([text, holdsPrivateKey(text)]).toEqual([text, false]);
      }
  });
});

it('A text that is made to be decoded again and again takes a few milliseconds', () => {
  const nested = Array.from({ length: 3 }).reduce((text: string) => base64(text), 'eyJh'.repeat(300));
  for (const text of [
    'ey'.repeat(1000),
    'eyJh'.repeat(500),
    `${'eyJhIjp7'.repeat(5)} `.repeat(48),
    nested.slice(0, 2000),
  ]) {
    let fastest = Number.POSITIVE_INFINITY;
    for (let count = 0; count < 20; count++) {
      const before = ownCpuMs();
      holdsPrivateKey(text);
      fastest = Math.min(fastest, ownCpuMs() - before);
    }
    expect(fastest).toBeLessThan(5);
  }
});

it('A list of ids or other words, each too short for a key, takes about as long as a sentence', () => {
  const sentence = 'they were rotated in May by Quentin '.repeat(55);
  const words = [`${'ab'.repeat(19)}g,`, `${'A'.repeat(39)}.`, `${'a'.repeat(63)}.`];
  const texts = [sentence, ...words.map((word) => word.repeat(2000 / word.length))];
  const fastest = texts.map(() => Number.POSITIVE_INFINITY);
  // In turn, so that what else a busy machine does stretches the time of all.
  for (let round = 0; round < 10; round++)
    for (const [at, text] of texts.entries()) {
      const before = ownCpuMs();
      for (let count = 0; count < 100; count++) holdsPrivateKey(`${text}${count}`);
      fastest[at] = Math.min(fastest[at] as number, ownCpuMs() - before);
    }
  const [ofSentence = 0, ...ofWords] = fastest;
  expect(Math.max(...ofWords)).toBeLessThan(2 * ofSentence);
});

it('Texts of one request that would take long to decode are rejected, and plain ones are not', () => {
  const create = (text: string) => Array.from({ length: 40 }, (_, index) => `${text}${index}`);
  const problemsOf = (texts: readonly string[]) => {
    const findPrivateKey = createPrivateKeySearch();
    return texts.map(findPrivateKey);
  };
  expect(problemsOf(create('they were rotated in May by Quentin '.repeat(55)))).toEqual(
    Array(40).fill(undefined),
  );
  expect(problemsOf(create(`${'eyJhIjp7'.repeat(5)} `.repeat(48))).at(-1)).toMatch(
    'Send fewer of them at once',
  );
});
