import type { KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ownCpuMs } from '../support/cpu.ts';
import { shareGateway } from '../support/gateway.ts';
import { createKeyPair, EC_JWK, generatePair, RSA_JWK } from '../support/keys.ts';

const CREATE = `mutation ($input: CreateTokenInput!) {
  createToken(input: $input) { token { id } userErrors { code field message } }
}`;
const UPDATE = `mutation ($input: UpdateTokenInput!) {
  updateToken(input: $input) { token { id } userErrors { code field message } }
}`;
const KEYS = ['input', 'authenticationMethod', 'publicKeyInfo', 'jwks', 'keys'];

const gateway = shareGateway();

const p521 = createKeyPair('ES512').jwk;
const bytes = (length: number, last = 1) => {
  const buffer = Buffer.alloc(length, 0xc5);
  buffer[length - 1] = last;
  return buffer.toString('base64url');
};
const rsa = (members: object) => ({ ...RSA_JWK, ...members });
const ec = (members: object) => ({ ...EC_JWK, ...members });

async function create(keys: readonly object[], alg = 'RS256') {
  const input = {
    name: 'worker',
    authenticationMethod: { signingAlgorithm: alg, publicKeyInfo: { jwks: { keys } } },
  };
  return gateway.query(CREATE, { input });
}

describe('A key that would stop the process', () => {
  it.each([
    ['an exponent of 180 KB', rsa({ e: bytes(135_000) })],
    ['a modulus of 180 KB', rsa({ n: bytes(135_000) })],
  ])('(%s) is rejected at once, however often it is used', async (_title, key) => {
    const creates = Array.from(
      { length: 6 },
      (_, at) => `c${at}: createToken(input: $input) { userErrors { code } }`,
    );
    const authenticationMethod = { signingAlgorithm: 'RS256', publicKeyInfo: { jwks: { keys: [key] } } };
    const before = ownCpuMs();
    const { data } = await gateway.query(`mutation ($input: CreateTokenInput!) { ${creates.join(' ')} }`, {
      input: { name: 'worker', authenticationMethod },
    });
    const usedMs = ownCpuMs() - before;
    expect(Object.values(data)).toEqual(Array(6).fill({ userErrors: [{ code: 'INVALID' }] }));
    expect(usedMs).toBeLessThan(1000);
    expect(gateway.calls()).toEqual([]);
  });

  it('is rejected as fast when it is one of a hundred on the most expensive curve', async () => {
    const keys = Array.from({ length: 100 }, (_, at) => ({ ...p521, kid: `key-${at}`, y: p521.x }));
    const creates = Array.from(
      { length: 20 },
      (_, at) => `c${at}: createToken(input: $input) { userErrors { code } }`,
    );
    const authenticationMethod = { signingAlgorithm: 'ES512', publicKeyInfo: { jwks: { keys } } };
    const before = ownCpuMs();
    await gateway.query(`mutation ($input: CreateTokenInput!) { ${creates.join(' ')} }`, {
      input: { name: 'worker', authenticationMethod },
    });
    const usedMs = ownCpuMs() - before;
    expect(usedMs).toBeLessThan(1000);
    expect(gateway.calls()).toEqual([]);
  });
});

describe('The numbers of a key', () => {
  it.each([
    ['an exponent of 9 bytes', rsa({ e: bytes(9) }), 'e'],
    ['the exponent 1, under which anybody signs', rsa({ e: 'AQ' }), 'e'],
    ['the exponent 2', rsa({ e: 'Ag' }), 'e'],
    ['an even exponent', rsa({ e: 'AQAA' }), 'e'],
    ['the exponent 0', rsa({ e: 'AA' }), 'e'],
    ['an exponent with a leading zero', rsa({ e: 'AAEAAQ' }), 'e'],
    ['an exponent with padding', rsa({ e: 'AQAB====' }), 'e'],
    ['an exponent with a line break', rsa({ e: 'AQAB\n' }), 'e'],
    ['an exponent that is not canonical', rsa({ e: 'Ax' }), 'e'],
    ['an even modulus', rsa({ n: bytes(256, 2) }), 'n'],
    ['a modulus of 2040 bits', rsa({ n: bytes(255) }), 'n'],
    [
      'a modulus of 2047 bits',
      rsa({ n: Buffer.from(`7f${'ff'.repeat(255)}`, 'hex').toString('base64url') }),
      'n',
    ],
    ['a modulus above 16384 bits', rsa({ n: bytes(2049) }), 'n'],
    ['a modulus with a leading zero', rsa({ n: `AA${RSA_JWK.n}` }), 'n'],
    ['a modulus in base64', rsa({ n: Buffer.from(RSA_JWK.n, 'base64url').toString('base64') }), 'n'],
    ['a modulus with a blank', rsa({ n: ` ${RSA_JWK.n}` }), 'n'],
    ['a modulus with padding', rsa({ n: `${RSA_JWK.n}==` }), 'n'],
    ['a coordinate that is too short', ec({ x: bytes(31) }), 'x'],
    ['a coordinate that is too long', ec({ y: bytes(33) }), 'y'],
    ['a coordinate with a leading zero too many', ec({ x: `AA${EC_JWK.x}` }), 'x'],
    ['a coordinate with padding', ec({ x: `${EC_JWK.x}=` }), 'x'],
    ['a coordinate that is not canonical', ec({ y: `${EC_JWK.y.slice(0, -1)}9` }), 'y'],
    ['a point of P-521 cut to 65 bytes', { ...p521, x: bytes(65) }, 'x'],
    ['a point of P-521 with 67 bytes', { ...p521, y: bytes(67) }, 'y'],
    ['a point that is not on its curve', ec({ x: EC_JWK.y }), undefined],
    ['a point of zeros', ec({ x: 'A'.repeat(43), y: 'A'.repeat(43) }), undefined],
    ['a point of P-521 that is not on it', { ...p521, y: p521.x }, undefined],
    [
      'a coordinate as large as the field',
      ec({ x: Buffer.alloc(32, 0xff).toString('base64url') }),
      undefined,
    ],
  ])('(%s) are rejected, with the place', async (_title, key, member) => {
    const { data } = await create([key], key.alg);
    const field = member === undefined ? [...KEYS, '0'] : [...KEYS, '0', member];
    expect(data.createToken).toMatchObject({ token: null, userErrors: [{ code: 'INVALID', field }] });
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    ['an exponent of 8 bytes', rsa({ e: bytes(8) })],
    ['the exponent 3', rsa({ e: 'Aw' })],
    ['a modulus of 2048 bits', rsa({ n: bytes(256) })],
    ['a modulus of 16384 bits', rsa({ n: bytes(2048) })],
    ['a point of P-256', EC_JWK],
    ['a point of P-521', p521],
  ])('(%s) are sent', async (_title, key) => {
    const { data } = await create([key], key.alg);
    expect(data.createToken.userErrors).toEqual([]);
    expect(gateway.calls()).toEqual(['POST /v1/tokens']);
  });

  it('are checked in an update as well', async () => {
    const { data } = await gateway.query('{ tokens(first: 1) { nodes { id } } }');
    gateway.forgetCalls();
    const authenticationMethod = {
      type: 'PRIVATE_KEY',
      signingAlgorithm: 'RS256',
      publicKeyInfo: { jwks: { keys: [rsa({ e: 'AQ' })] } },
    };
    const input = { id: data.tokens.nodes[0].id, authenticationMethod };
    const answer = await gateway.query(UPDATE, { input });
    expect(answer.data.updateToken.userErrors).toMatchObject([
      { code: 'INVALID', field: [...KEYS, '0', 'e'] },
    ]);
    expect(gateway.calls()).toEqual([]);
  });
});

describe('The number of keys', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => rsa({ kid: `key-${at}` }));

  it('may be 100', async () => {
    expect((await create(many(100))).data.createToken.userErrors).toEqual([]);
  });

  it('of 101 is rejected', async () => {
    expect((await create(many(101))).data.createToken.userErrors).toMatchObject([{ field: KEYS }]);
    expect(gateway.calls()).toEqual([]);
  });

  it('does not make the response long: ten problems are reported', async () => {
    const keys = many(100).map((key) => ({ ...key, e: 'AQ' }));
    expect((await create(keys)).data.createToken.userErrors).toHaveLength(10);
  });
});

describe('A private key that was pasted as text', () => {
  const pairs: readonly KeyObject[] = [
    generatePair('rsa', { modulusLength: 2048 }).privateKey,
    generatePair('ec', { namedCurve: 'P-256' }).privateKey,
    generatePair('ec', { namedCurve: 'P-521' }).privateKey,
    generatePair('ed25519').privateKey,
  ];
  const [rsaKey, ecKey] = pairs as [KeyObject, KeyObject];
  const jwk = (key: KeyObject) => key.export({ format: 'jwk' });
  const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const ecText = JSON.stringify(jwk(ecKey));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const lines = (text: string) => text.replace(/.{1,64}/g, '$&\n');

  const pasted: readonly (readonly [string, string])[] = [
    ...pairs.map((key, at) => [`JWK ${at}`, JSON.stringify(jwk(key))] as const),
    ['JWK, printed', JSON.stringify(jwk(ecKey), null, 2)],
    ['JWK with its type last', JSON.stringify({ d: jwk(ecKey).d, kid: 'a', kty: 'EC' })],
    ['JWK of a secret', '{"kty":"oct","k":"c2VjcmV0"}'],
    ['JWK set', JSON.stringify({ keys: [EC_JWK, { ...jwk(ecKey), kid: 'b' }] })],
    ['JWK, nested', JSON.stringify({ signing: { key: [jwk(ecKey)] } })],
    ['JWK in a sentence', `Use this: ${ecText} (from Bob)`],
    ['JWK, escaped', JSON.stringify(ecText)],
    ['JWK, escaped twice', JSON.stringify(JSON.stringify(ecText))],
    ['JWK in unicode escapes', ecText.replaceAll('k', '\\u006b').replaceAll('"', '\\u0022')],
    ['JWK in base64', base64(ecText)],
    ['JWK in base64, twice', base64(base64(ecText))],
    ['JWK in base64 by lines', lines(base64(JSON.stringify(jwk(rsaKey))))],
    ['JWK in base64url', Buffer.from(ecText).toString('base64url')],
    ['JWK in a data URL', `data:application/json;base64,${base64(ecText)}`],
    ['JWK, percent-encoded', encodeURIComponent(ecText)],
    ['JWK as a form', new URLSearchParams({ key: JSON.stringify(jwk(ecKey), null, 1) }).toString()],
    ['JWK in HTML', ecText.replaceAll('"', '&quot;')],
    ['JWK in typographic quotes', ecText.replaceAll('"', '\u201d')],
    ['JWK as JavaScript', ecText.replaceAll(/"(\w+)":/g, '$1: ').replaceAll('"', "'")],
    [
      'JWK as YAML',
      Object.entries(jwk(ecKey))
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n'),
    ],
    ['PEM', pem(rsaKey)],
    ['PEM of PKCS#1', rsaKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['PEM of SEC1', ecKey.export({ type: 'sec1', format: 'pem' }).toString()],
    [
      'PEM, encrypted',
      ecKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
    ['PEM on one line', pem(ecKey).replaceAll('\n', ' ')],
    ['PEM with escaped line breaks', pem(ecKey).replaceAll('\n', '\\n')],
    ['PEM in base64', base64(pem(rsaKey))],
    ['PEM, percent-encoded', encodeURIComponent(pem(ecKey))],
    ['PEM with long dashes', pem(ecKey).replaceAll('--', '\u2014')],
    ['PEM in small letters', pem(ecKey).toLowerCase()],
    ['PEM without its label', rsaKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')],
    [
      'PEM without its label, by lines',
      lines(ecKey.export({ type: 'sec1', format: 'der' }).toString('base64')),
    ],
    ['key of OpenSSH', `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNza'.repeat(20)}\n`],
    ['key of PGP', '-----BEGIN PGP PRIVATE KEY BLOCK-----'],
    ['key of PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519'],
  ];
  const MESSAGE = 'This looks like a private key. It was not sent on; treat it as exposed.';
  const uri = { publicKeyInfo: { jwksUri: 'https://a.example/jwks' }, signingAlgorithm: 'RS256' };

  it.each(pasted)('(%s) is rejected in name and description, and not repeated', async (_title, text) => {
    for (const field of ['name', 'description']) {
      const input = { name: 'worker', authenticationMethod: uri, [field]: text };
      const { data, text: answer } = await gateway.query(CREATE, { input });
      expect(data.createToken).toEqual({
        token: null,
        userErrors: [{ code: 'INVALID', field: ['input', field], message: MESSAGE }],
      });
      expect(answer + gateway.log()).not.toContain(text.slice(20, 60));
    }
    const { data } = await gateway.query(UPDATE, { input: { id: 'some-token', name: text } });
    expect(data.updateToken.userErrors).toMatchObject([{ field: ['input', 'name'], message: MESSAGE }]);
    expect(gateway.calls()).toEqual([]);
  });

  it('is rejected as the identifier of a key and in the URL of a key set', async () => {
    const kid = JSON.stringify({ kty: 'EC', d: 'A'.repeat(43) });
    expect((await create([rsa({ kid })])).data.createToken.userErrors).toMatchObject([
      { field: [...KEYS, '0', 'kid'], message: MESSAGE },
    ]);
    const jwksUri = `https://a.example/?key=${encodeURIComponent(kid)}`;
    const input = { name: 'worker', authenticationMethod: { ...uri, publicKeyInfo: { jwksUri } } };
    const { data } = await gateway.query(CREATE, { input });
    expect(data.createToken.userErrors).toMatchObject([{ message: MESSAGE }]);
    expect(gateway.calls()).toEqual([]);
  });

  it('is rejected as an id and as an idempotency key, if its base64 has the form of one', async () => {
    const keys = [
      generatePair('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64url'),
      Buffer.from(JSON.stringify({ d: jwk(ecKey).d })).toString('base64url'),
    ];
    for (const id of keys) {
      const answers = [
        await gateway.query('query ($id: ID!) { token(id: $id) { id } }', { id }),
        await gateway.query('query ($id: ID!) { node(id: $id) { id } }', { id }),
        await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['unknown', id] }),
        await gateway.query(`{ token(id: "${id}") { id } }`),
        await gateway.query(UPDATE, { input: { id, name: 'worker' } }),
        await gateway.query(
          'mutation ($id: ID!) { deleteToken(input: { id: $id }) { userErrors { message field } } }',
          { id },
        ),
        await gateway.query(CREATE, {
          input: { name: 'worker', idempotencyKey: id, authenticationMethod: uri },
        }),
      ];
      for (const { text } of answers) {
        expect(text).toContain(MESSAGE);
        expect(text).not.toContain(id);
      }
      expect(gateway.calls()).toEqual([]);
      expect(gateway.log()).not.toContain(id);
    }
  });

  it.each([
    ['a public JWK', JSON.stringify(EC_JWK)],
    ['a public JWK with a telling identifier', JSON.stringify({ ...RSA_JWK, kid: `d:${'a'.repeat(40)}` })],
    [
      'a public key',
      generatePair('rsa', { modulusLength: 2048 })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
    ],
    ['a sentence about one', 'Begin rotating the private key of billing (kty: RSA, d = 3072 bits) in May'],
    ['a hash', 'SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.c2lnbmF0dXJl'],
  ])('is not found in %s', async (_title, description) => {
    const { data } = await gateway.query(CREATE, {
      input: { name: 'worker', description, authenticationMethod: uri },
    });
    expect(data.createToken.userErrors).toEqual([]);
  });
});

describe('A text that is not Unicode', () => {
  const uri = { publicKeyInfo: { jwksUri: 'https://a.example/jwks' }, signingAlgorithm: 'RS256' };

  it.each(['worker \ud800', '\udc00 worker', 'wor\ud83dker', 'worker \udc00\ud800', '\udfff'])(
    '(%j) is rejected in name and description',
    async (text) => {
      for (const field of ['name', 'description']) {
        const input = { name: 'worker', authenticationMethod: uri, [field]: text };
        const { data, text: answer } = await gateway.query(CREATE, { input });
        expect(data.createToken).toMatchObject({
          token: null,
          userErrors: [{ code: 'INVALID', field: ['input', field] }],
        });
        expect(answer).not.toMatch(/\\ud[89a-f]/i);
      }
      const { data } = await gateway.query(UPDATE, { input: { id: 'some-token', name: text } });
      expect(data.updateToken.userErrors).toMatchObject([{ code: 'INVALID', field: ['input', 'name'] }]);
      expect(gateway.calls()).toEqual([]);
    },
  );

  it('is not confused with emoji and other characters beyond the basic plane', async () => {
    const input = { name: 'worker 🚀 𝒳', description: '👩‍🚀', authenticationMethod: uri };
    expect((await gateway.query(CREATE, { input })).data.createToken.userErrors).toEqual([]);
  });

  it.each(['id', 'idempotencyKey', 'kid', 'after'])('is rejected as %s', async (what) => {
    const text = 'x\ud800y';
    const { text: answer } = await {
      id: () => gateway.query(UPDATE, { input: { id: text, name: 'worker' } }),
      kid: () => create([rsa({ kid: text })]),
      idempotencyKey: () =>
        gateway.query(CREATE, { input: { name: 'worker', idempotencyKey: text, authenticationMethod: uri } }),
      after: () =>
        gateway.query('query ($after: String) { tokens(after: $after) { nodes { id } } }', { after: text }),
    }[what as 'id']();
    expect(answer).toMatch(/"INVALID"|"INVALID_CURSOR"/);
    expect(answer).not.toMatch(/\\ud[89a-f]/i);
    expect(gateway.calls()).toEqual([]);
  });
});

describe('The URL of a key set', () => {
  const create = (jwksUri: string) =>
    gateway.query(CREATE, {
      input: {
        name: 'worker',
        authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwksUri } },
      },
    });

  it.each([
    'https://a.example/\u0007',
    'https://a.example/\t',
    'https://a.ex\nample/',
    'https://a.example/\u0000',
    'https://a.example/\u007f',
    'https://a.example/\u202e',
    'https://a.example/\u2066x',
    'https://a.example/\u0378',
    'https://a.example/\ufffe',
    'https://a.example/\ue000',
    'https://a.example/\u200b',
    'https://a.example/\ud800',
    'https://a.example/?q=\udc00',
    'https://bücher.example/jwks',
    'https://a.example/ü',
    'https://a。example/jwks',
    'https://exa\u00admple.com/jwks',
    'https://a.example/{tenant}/jwks',
    'https://a.example/[x]',
    'https://a.example/"',
    'https://a.example/<x>',
    'https://a.example/a|b',
    'https://a.example/a^b',
    'https://a.example/`',
    'https://a.example/a b',
    'https://a.example/%',
    'https://a.example/%2',
    'https://a.example/%zz',
    'https://a.example\\jwks',
    'https:\\\\a.example/jwks',
    'https:a.example/jwks',
    'https:///a.example/jwks',
    'https://@a.example/jwks',
    'https://:@a.example/jwks',
    'https://a.example/jwks#',
    ' https://a.example/jwks',
    'https://a.example/jwks ',
  ])('(%j) is rejected', async (jwksUri) => {
    const { data } = await create(jwksUri);
    const field = ['input', 'authenticationMethod', 'publicKeyInfo', 'jwksUri'];
    expect(data.createToken).toMatchObject({ token: null, userErrors: [{ code: 'INVALID', field }] });
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    'https://a.example',
    'https://a.example:8443/.well-known/jwks.json?tenant=a&x=/?:@',
    "https://a.example/~a/b;c=d,e/(f)!$*'+",
    'https://a.example/b%C3%BCcher',
    'https://xn--bcher-kva.example/jwks',
    'https://[2001:db8::1]/jwks',
    'HTTPS://A.EXAMPLE/jwks',
  ])('(%s) is sent as it is', async (jwksUri) => {
    expect((await create(jwksUri)).data.createToken.userErrors).toEqual([]);
    expect(gateway.emulator.calls.at(-1)?.body).toMatchObject({
      authenticationMethod: { publicKeyInfo: { jwksUri } },
    });
  });
});
