import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { extraCpuMs } from '../support/cpu.ts';
import { post } from '../support/gateway.ts';
import { generatePair } from '../support/keys.ts';
import { many } from '../support/many.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';

const MAX_CPU_MS = 5;
const headers = { authorization: 'Bearer demo' };
const CREATE = 'createToken(input: $input) { userErrors { code } }';
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';

let gateway: GatewayProcess;
let url: string;
beforeAll(async () => {
  gateway = startProcess({ PORT: '0', EMULATOR: 'true', FEDERATION: 'true', RATE_LIMIT_PER_SECOND: '0' });
  url = await gateway.listening();
});
afterAll(async () => {
  gateway.child.kill('SIGTERM');
  await gateway.ended;
});

/** CPU time of all threads of the process so far, from the kernel. */
function cpuMs(): number {
  const tasks = `/proc/${gateway.child.pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

const aliased = (count: number) =>
  `mutation ($input: CreateTokenInput!) { ${many(count, (index) => `a${index}: ${CREATE}`).join(' ')} }`;
/** Each with a variable of its own. */
const creates = (count: number) =>
  `mutation (${many(count, (index) => `$i${index}: CreateTokenInput!`).join(' ')}) {
    ${many(count, (index) => `a${index}: ${CREATE.replace('$input', `$i${index}`)}`).join(' ')} }`;
const inputs = (count: number, create: (index: number) => { input: object }) =>
  Object.fromEntries(many(count, (index) => [`i${index}`, create(index).input]));
const lists = (count: number) =>
  `query (${many(count, (index) => `$i${index}: String`).join(' ')}) {
    ${many(count, (index) => `a${index}: tokens(after: $i${index}) { nodes { id } }`).join(' ')} }`;
const withKeys = (signingAlgorithm: string, keys: readonly object[]) => ({
  input: { name: 'worker', authenticationMethod: { signingAlgorithm, publicKeyInfo: { jwks: { keys } } } },
});

function rsaKey(bits: number, kid: number): object {
  const modulus = randomBytes(bits / 8);
  modulus[0] = 0x80;
  modulus[modulus.length - 1] = 1;
  return { kty: 'RSA', alg: 'RS256', kid: `k${kid}`, e: 'AQAB', n: modulus.toString('base64url') };
}
const withUri = (jwksUri: string) => ({
  input: { name: 'worker', authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwksUri } } },
});
const p521 = generatePair('ec', { namedCurve: 'P-521' }).publicKey.export({ format: 'jwk' });
const ecKey = (kid: number) => ({ ...p521, alg: 'ES512', kid: `k${kid}` });
const offCurve = (kid: number) => ({ ...ecKey(kid), y: p521.x });

const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');
/** Texts that are base64 of base64 of JSON, or look like it. */
const hostileTexts = [
  `${'eyJhIjp7'.repeat(5)} `.repeat(48),
  `${base64(base64(`{"kty":"RSA","x":"${'%41'.repeat(120)}"}`))} `.repeat(2),
  `ZXlKa${'A'.repeat(36)} `.repeat(47),
  `${'&quot;\\u0041'.repeat(130)}`,
  `,"d" : "kty: '`.repeat(140),
  'they were rotated by Quentin in May '.repeat(55),
];
const cursor = (char: string, index: number) =>
  Buffer.from(JSON.stringify([1, 'AAAAAAAAAA', char.repeat(2900 - index), 0, ''])).toString('base64url');
/** Found last. */
const withFault = (keys: readonly object[]) => [...keys.slice(0, -1), { ...keys.at(-1), use: 'enc' }];

describe('A rejected request takes at most five milliseconds more than reading its body', () => {
  let sent = 0;
  it.each<[title: string, query: string | (() => string), variables: object]>([
    [
      '330 keys',
      aliased(1),
      withKeys(
        'RS256',
        many(330, (kid) => ({ ...rsaKey(64, kid), n: 'x' })),
      ),
    ],
    ['100 keys of RSA', aliased(1), withKeys('RS256', withFault(many(100, (kid) => rsaKey(2048, kid))))],
    [
      'the largest keys of RSA',
      aliased(6),
      withKeys('RS256', withFault(many(70, (kid) => rsaKey(16_384, kid)))),
    ],
    [
      '330 keys of RSA in 20 fields',
      aliased(20),
      withKeys(
        'RS256',
        many(330, (kid) => rsaKey(2048, kid)),
      ),
    ],
    ['100 keys of P-521 in 20 fields', aliased(20), withKeys('ES512', withFault(many(100, ecKey)))],
    [
      '100 keys of P-521 of which one is off its curve',
      aliased(20),
      withKeys('ES512', [...many(99, ecKey), offCurve(99)]),
    ],
    [
      'many keys of P-521 off their curve',
      creates(20),
      inputs(20, (index) =>
        withKeys(
          'ES512',
          many(8, (kid) => offCurve(index * 8 + kid)),
        ),
      ),
    ],
    [
      '300 keys of P-521 in different inputs',
      creates(4),
      inputs(4, (index) => withKeys('ES512', withFault(many(60, (kid) => ecKey(index * 60 + kid))))),
    ],
    [
      'a location that is not ASCII in 20 fields',
      aliased(20),
      withUri(`https://${'ü'.repeat(2000)}.example/`),
    ],
    [
      'different locations that are not ASCII',
      creates(20),
      inputs(20, (index) => withUri(`https://${'ü'.repeat(1900)}${index}.example/`)),
    ],
    [
      'a cursor of another list in 20 fields',
      lists(20),
      Object.fromEntries(many(20, (i) => [`i${i}`, cursor('k', 0)])),
    ],
    [
      'long cursors that are damaged',
      lists(18),
      Object.fromEntries(many(18, (i) => [`i${i}`, cursor('\u0800', i)])),
    ],
    ...hostileTexts.map((text, index): [string, string, object] => [
      `40 different texts made to be decoded (${index})`,
      creates(20),
      inputs(20, (create) => ({
        input: {
          ...withKeys('RS256', []).input,
          name: `${text.slice(0, 1980)}${create}`,
          description: `${text.slice(0, 1980)} ${create}`,
        },
      })),
    ]),
    [
      '900 ids in a new document',
      () => `{ nodes(ids: [${many(900, (i) => `"i${i}n${sent++}"`)}]) { id } }`,
      {},
    ],
    [
      'a text made to be decoded in 20 fields',
      aliased(20),
      { input: { ...withKeys('RS256', []).input, name: `${'eyJhIjp7'.repeat(5)} `.repeat(48) } },
    ],
    ['2000 characters in each of 100 ids', NODES, { ids: many(100, (index) => 'eyJh'.repeat(500) + index) }],
    [
      'a cursor of 240 KB',
      'query ($a: String) { tokens(after: $a) { nodes { id } } }',
      { a: '\0'.repeat(40_000) },
    ],
    [
      '50 fragments that are compared with each other',
      () =>
        `{ tokens { nodes { ${many(50, (i) => `...F${i}`).join(' ')} field${sent++} } } }
        ${many(50, (i) => `fragment F${i} on Token { id name }`).join(' ')}`,
      {},
    ],
    [
      'fields of two types that are compared with each other',
      () =>
        `{ node(id: "x") { ${many(99, (i) => `... on ${i % 2 ? 'Token' : 'Node'} { id }`).join(' ')} field${sent++} } }`,
      {},
    ],
    [
      'as many fields of two types as may be compared',
      () =>
        `{ node(id: "x") { ${many(28, (i) => `... on ${i % 2 ? 'Token' : 'Node'} { id id id id id }`).join(' ')} field${sent++} } }`,
      {},
    ],
    [
      '50 fragments that are spread in nine places',
      () =>
        `{ node(id: "x") { ${many(9, () => `places { ${many(50, (i) => `...F${i}`).join(' ')} }`).join(' ')} field${sent++} } }`,
      {},
    ],
    ['300 fragments that do not exist', `{ ${many(300, (index) => `...F${index}`).join(' ')} }`, {}],
    [
      '110 fragments that spread each other',
      `{ ...F0 } ${many(110, (index) => `fragment F${index} on Query { ...F${(index + 1) % 110} }`).join(' ')}`,
      {},
    ],
    ['7000 comments', `${'#\n'.repeat(7000)}{ a }`, {}],
    [
      '150 entities that are none',
      `{ _entities(representations: [${'{a:1} '.repeat(150)}]) { __typename } }`,
      {},
    ],
    [
      'members that do not exist',
      `mutation { createToken(input: {${many(200, (i) => `m${i}:1`).join(' ')}}) { token { id } } }`,
      {},
    ],
    ['arguments that do not exist', `{ token(id: "x" ${many(200, (i) => `a${i}:1`).join(' ')}) { id } }`, {}],
    ['lists within lists', `{ nodes(ids: ${'['.repeat(190)}${']'.repeat(190)}) { id } }`, {}],
  ])('also one with %s', async (_title, query, variables) => {
    const create = () => ({ query: typeof query === 'string' ? query : query(), variables });
    const { text } = await post(url, create(), headers);
    expect(text).toMatch(/"code":"|"nodes":\[null/);
    expect(await extraCpuMs(url, create, { maxMs: MAX_CPU_MS, headers, cpuMs })).toBeLessThan(MAX_CPU_MS);
  });

  const members = Object.fromEntries(many(20_000, (index) => [`k${index}`, 1]));
  it.each<[title: string, body: object]>([
    ['whose variables are a number', { query: '{ __typename }', variables: 1, ...members }],
    ['whose query is a number', { query: 1, ...members }],
  ])('also a body of 20 000 members %s', async (_title, body) => {
    expect((await post(url, JSON.stringify(body), headers)).text).toMatch(/"code":/);
    expect(await extraCpuMs(url, body, { maxMs: MAX_CPU_MS, headers, cpuMs })).toBeLessThan(MAX_CPU_MS);
  });

  it.each(['*/*', 'a/b;c="\\a";d=e'])(
    'an `Accept` of 15 000 characters with `%s` again and again',
    async (range) => {
      const measuredHeaders = { accept: many(15_000 / (range.length + 1), () => range).join(',') };
      const options = { maxMs: MAX_CPU_MS, headers, measuredHeaders, cpuMs };
      expect(await extraCpuMs(url, { query: '{ nope }' }, options)).toBeLessThan(MAX_CPU_MS);
    },
  );

  it('a `Content-Type` of 15 000 characters', async () => {
    const measuredHeaders = { 'content-type': `application/json${' '.repeat(15_000)}x` };
    const options = { maxMs: MAX_CPU_MS, headers, measuredHeaders, cpuMs };
    expect(await extraCpuMs(url, { query: '{ nope }' }, options)).toBeLessThan(MAX_CPU_MS);
  });
});
