import { describe, expect, it } from '@jest/globals';
import { readSigningKey, type SigningKey } from '../../../src/keys/signing-key.ts';
import { generatePair, toPem } from '../../support/keys.ts';
import { createEcKey } from './support.ts';

const PASSPHRASE = 'correct horse battery';
const readOrProblem = (text: string, passphrase?: string) => readSigningKey(text, 'PRIVATE_KEY', passphrase);
const read = (text: string, passphrase?: string) => readOrProblem(text, passphrase) as SigningKey;
const rsa = generatePair('rsa', { modulusLength: 2048 }).privateKey;
const ec = createEcKey().privateKey;
const encrypted = rsa
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
  .toString();

describe('A private key is read in every form tools write it in', () => {
  const pkcs1 = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
  const legacy = rsa
    .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
    .toString();
  const escaped = encrypted.replaceAll('\n', '\\n');

  it.each([
    ['PKCS#8', toPem(rsa), undefined],
    ['PKCS#1', pkcs1, undefined],
    ['encrypted PKCS#8', encrypted, PASSPHRASE],
    ['encrypted PKCS#1, which has headers', legacy, PASSPHRASE],
    ['encrypted PKCS#1 with escaped line breaks', legacy.replaceAll('\n', '\\n'), PASSPHRASE],
    ['with escaped line breaks, as the Affinidi CLI writes it', escaped, PASSPHRASE],
    ['with line breaks escaped twice', escaped.replaceAll('\\n', '\\\\n'), PASSPHRASE],
    ['in quotes, as docker --env-file leaves it', `"${escaped}"`, PASSPHRASE],
    ['in single quotes', `'${escaped}'`, PASSPHRASE],
    ['in quotes, with its line breaks', `"${encrypted}"`, PASSPHRASE],
    ['in quotes and blanks', ` " ${escaped} " `, PASSPHRASE],
    ['in escaped quotes', `\\"${escaped}\\"`, PASSPHRASE],
    ['with Windows line ends', encrypted.replaceAll('\n', '\r\n'), PASSPHRASE],
    ['with line ends of old', encrypted.replaceAll('\n', '\r'), PASSPHRASE],
    ['with escaped Windows line ends', encrypted.replaceAll('\n', '\\r\\n'), PASSPHRASE],
    ['with blanks for line breaks', toPem(rsa).replaceAll('\n', ' '), undefined],
    ['with its base64 on one line', toPem(rsa).replaceAll(/(?<=\w)\n(?=\w)/g, ''), undefined],
    ['behind a byte order mark', `\ufeff${toPem(rsa)}`, undefined],
    ['behind other text, as openssl pkcs12 writes it', `Bag Attributes\n    a: b\n${toPem(rsa)}`, undefined],
    [
      'before the certificate',
      `${pkcs1}-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n`,
      undefined,
    ],
    ['plain with a passphrase that is not needed', toPem(rsa), PASSPHRASE],
    ['plain with an empty passphrase', toPem(rsa), ''],
  ])('%s', (_, text, passphrase) => {
    expect(toPem(read(text, passphrase).key)).toBe(toPem(rsa));
  });

  it('SEC1, also behind its parameters, as openssl ecparam writes it', () => {
    const pem = ec.export({ type: 'sec1', format: 'pem' }).toString();
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    for (const text of [pem, parameters + pem]) expect(toPem(read(text).key)).toBe(toPem(ec));
  });

  it.each([
    ['a public key', createEcKey().publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a path', '/secrets/canary.pem'],
    ['nothing', ''],
    ['a key that was cut short', toPem(rsa).slice(0, 400)],
    ['a key without anything in it', '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----'],
    ['two halves of different kinds', toPem(rsa).replace('BEGIN', 'BEGIN RSA')],
    ['a text of 64 KB', toPem(rsa) + ' '.repeat(65_536)],
    ['many beginnings', '-----BEGIN PRIVATE KEY-----'.repeat(2_400)],
  ])('and a text without one is rejected: %s', (_, text) => {
    const problem = 'Expected PRIVATE_KEY to hold a private key in PEM form; newlines may be written \\n';
    expect(readOrProblem(text)).toBe(problem);
  });
});

describe('A private key that cannot be used is rejected in one line that shows none of it', () => {
  it.each([
    [
      'a wrong passphrase',
      encrypted,
      'wrong-canary',
      'Expected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.',
    ],
    ['no passphrase', encrypted, undefined, 'PASSPHRASE is required: the key of PRIVATE_KEY is encrypted'],
    [
      'a passphrase of 2000 characters',
      encrypted,
      'wrong-canary'.repeat(170),
      'Expected PASSPHRASE to open the private key: it does not, or the key is damaged. Line ends and quotation marks are part of a passphrase.',
    ],
    [
      'a key without its middle',
      toPem(rsa).slice(0, 400) + toPem(rsa).slice(-400),
      undefined,
      'Expected PRIVATE_KEY to be a whole private key in PEM form: it cannot be read.',
    ],
    ...[ec, rsa].map(
      (key) =>
        [
          `a key (${key.asymmetricKeyType}) in whose second line characters were changed`,
          toPem(key).replace(/^(.*\n.*\n).{10}/, '$1AAAAAAAAAA'),
          undefined,
          'Expected PRIVATE_KEY to be a whole private key in PEM form: it is damaged.',
        ] as const,
    ),
  ])('%s', (_, pem, passphrase, problem) => {
    expect(readOrProblem(pem, passphrase)).toBe(problem);
  });
});

describe('The signing algorithm follows from the key', () => {
  it.each([
    ['RSA', rsa, 'RS256'],
    ['EC P-256', ec, 'ES256'],
    ['EC P-521', createEcKey('P-521').privateKey, 'ES512'],
  ] as const)('%s', (_, key, algorithm) => {
    expect(read(toPem(key)).algorithm).toBe(algorithm);
  });

  it.each([
    [
      'EC P-384',
      createEcKey('P-384').privateKey,
      'Expected PRIVATE_KEY to be RSA or EC (P-256 or P-521), got secp384r1.',
    ],
    [
      'Ed25519',
      generatePair('ed25519').privateKey,
      'Expected PRIVATE_KEY to be RSA or EC (P-256 or P-521), got ed25519.',
    ],
    [
      'RSA of 1024 bits',
      generatePair('rsa', { modulusLength: 1024 }).privateKey,
      'Expected PRIVATE_KEY to be an RSA key that is safe to use. An RSA key needs at least 2048 bits.',
    ],
  ] as const)('%s is rejected', (_, key, problem) => {
    expect(readOrProblem(toPem(key))).toBe(problem);
  });
});
