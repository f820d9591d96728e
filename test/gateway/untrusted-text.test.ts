import { describe, expect, it } from '@jest/globals';
import { extraCpuMs } from '../support/cpu.ts';
import { post, shareGateway } from '../support/gateway.ts';

/** As long as a body may be. */
const LONG = 250_000;
const TRUSTED = 'query Trusted { tokens(first: 1) { nodes { name } } }';
/** Without the limit these took 70 ms and more. */
const MAX_CPU_MS = 5;

const plain = shareGateway();
const trusting = shareGateway({
  env: { TRUSTED_DOCUMENTS: 'manifest' },
  readFile: () => JSON.stringify({ trusted: TRUSTED }),
  emulatorOf: plain,
});

describe('A text that may not run costs little more than reading its body', () => {
  it.each<[string, string]>([
    ['names', 'a '.repeat(LONG / 2)],
    ['brackets', '{'.repeat(LONG)],
    ['blanks', `{ a${' '.repeat(LONG)}}`],
    ['comments', '#\n'.repeat(LONG / 3)],
    ['strings', '"" '.repeat(LONG / 5)],
    ['a block string', `{ a(b: """${'x '.repeat(LONG / 2)}""") }`],
    ['variables', `query(${'$a:B '.repeat(LONG / 5)}) { a }`],
    ['a trusted document, and blanks', TRUSTED.padEnd(LONG)],
  ])('when it is too long and consists of %s', async (_title, query) => {
    for (const { url } of [trusting, plain]) {
      const { status, errors } = await post(url, { query }, {});
      expect([status, errors?.[0]?.extensions]).toMatchObject([
        400,
        { code: 'OPERATION_LIMIT_EXCEEDED', limit: 'characters', actual: query.length, max: 15_000 },
      ]);
      expect(await extraCpuMs(url, { query }, { maxMs: MAX_CPU_MS })).toBeLessThan(MAX_CPU_MS);
    }
    expect(plain.calls()).toEqual([]);
  });

  it.each<[string, string]>([
    ['names', `{ ${'a '.repeat(7000)}}`],
    ['fields', `{ ${'a b c d e f g h '.repeat(60)}}`],
    ['a syntax error at its end', `{ ${'ab '.repeat(400)}`],
  ])('also when it is short enough and consists of %s', async (_title, query) => {
    for (const { url } of [trusting, plain])
      expect(await extraCpuMs(url, { query }, { maxMs: MAX_CPU_MS })).toBeLessThan(MAX_CPU_MS);
  });
});
