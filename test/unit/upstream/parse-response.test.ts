import { describe, expect, it } from '@jest/globals';
import {
  readJsonObject,
  readProjectPage,
  readRetryAfter,
  readToken,
  readTokenPage,
} from '../../../src/upstream/parse-response.ts';
import { EC_JWK } from '../../support/keys.ts';
import { TOKEN as ANY_TOKEN } from '../../support/token.ts';

const TOKEN = {
  ...ANY_TOKEN,
  authenticationMethod: { ...ANY_TOKEN.authenticationMethod, publicKeyInfo: { jwks: { keys: [EC_JWK] } } },
};
const json = JSON.stringify;
const invalid = expect.objectContaining({ kind: 'invalid-response' });

describe('A response with a token', () => {
  it('is the token', () => expect(readToken(json(TOKEN), TOKEN.id)).toEqual(TOKEN));
  it('may have unknown members', () =>
    expect(readToken(json({ ...TOKEN, createdAt: 'now' })).name).toBe(TOKEN.name));
  it('may have unknown members beside the keys', () => {
    const { publicKeyInfo } = TOKEN.authenticationMethod;
    const method = { ...TOKEN.authenticationMethod, publicKeyInfo: { ...publicKeyInfo, cachedAt: 'now' } };
    expect(readToken(json({ ...TOKEN, authenticationMethod: method })).id).toBe(TOKEN.id);
  });
  it('may have an unknown algorithm', () => {
    const method = { ...TOKEN.authenticationMethod, signingAlgorithm: 'PS256' };
    expect(
      readToken(json({ ...TOKEN, authenticationMethod: method })).authenticationMethod.signingAlgorithm,
    ).toBe('PS256');
  });
  it('may have an id that is no UUID', () =>
    expect(readToken(json({ ...TOKEN, id: 'tok-1' }), 'tok-1').id).toBe('tok-1'));

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"token"'],
    ['HTML', '<html></html>'],
    ['half of it', json(TOKEN).slice(0, 100)],
    ['a name that is a number', json({ ...TOKEN, name: 7 })],
    ['no scopes', json({ ...TOKEN, scopes: undefined })],
    ['null for a member', json({ ...TOKEN, ownerAri: null })],
    [
      'a key without a kid',
      json({
        ...TOKEN,
        authenticationMethod: { ...TOKEN.authenticationMethod, publicKeyInfo: { jwks: { keys: [{}] } } },
      }),
    ],
    ['another token', json({ ...TOKEN, id: 'other' })],
  ])('is rejected when it holds %s', (_title, body) => {
    expect(() => readToken(body, TOKEN.id)).toThrow(invalid);
  });

  it('is rejected with a message that repeats no value', () => {
    expect(() => readToken(json({ ...TOKEN, name: { secret: 'canary' } }))).toThrow('/name must be string');
  });
});

describe('Half of a surrogate pair', () => {
  it('becomes U+FFFD wherever it is', () => {
    const text = '{"a":["x\\ud800",{"b":"\\udc00y","c":[0,null,true]}],"d":"\\ud83d\\ude00","e":"\\\\ud800"}';
    expect(readJsonObject(text)).toEqual({
      a: ['x\ufffd', { b: '\ufffdy', c: [0, null, true] }],
      d: '😀',
      e: '\\ud800',
    });
  });

  it('is replaced in much less time than a reviver of JSON.parse takes', () => {
    const text = `{"half":"\\ud800","zeros":[${Array(500_000).fill(0).join(',')}]}`;
    const best = { ours: Number.POSITIVE_INFINITY, reviver: Number.POSITIVE_INFINITY };
    // A busy machine stretches single measurements.
    for (let round = 0; round < 10 && !(best.ours < best.reviver / 2); round++) {
      const times = [performance.now()];
      readJsonObject(text);
      times.push(performance.now());
      JSON.parse(text, (_name, value) => value);
      times.push(performance.now());
      const [start = 0, middle = 0, end = 0] = times;
      best.ours = Math.min(best.ours, middle - start);
      best.reviver = Math.min(best.reviver, end - middle);
    }
    expect(best.ours).toBeLessThan(best.reviver / 2);
  });
});

describe('A response with a page', () => {
  it('has a key when there is more', () => {
    const body = json({ tokens: [TOKEN], lastEvaluatedKey: 'k' });
    expect(readTokenPage(body)).toEqual({ items: [TOKEN], next: 'k', chars: body.length });
  });

  it.each([[undefined], [null], ['']])('has no more when the key is %j', (lastEvaluatedKey) => {
    expect(readTokenPage(json({ tokens: [], lastEvaluatedKey })).next).toBeUndefined();
  });

  it('keeps the valid items beside an invalid one', () => {
    const { items } = readTokenPage(json({ tokens: [TOKEN, { id: 'bad', name: 1 }] }));
    expect(items).toEqual([TOKEN, expect.objectContaining({ id: 'bad', kind: 'invalid-response' })]);
  });

  it.each([
    ['no list', json({})],
    ['a key that is a number', json({ projects: [], lastEvaluatedKey: 1 })],
    ['an item without an id', json({ projects: [{ name: 'x' }] })],
    ['an item that is null', json({ projects: [null] })],
  ])('is rejected when it holds %s', (_title, body) => {
    expect(() => readProjectPage(body)).toThrow(invalid);
  });
});

describe('Retry-After', () => {
  // Years behind the clock of this machine.
  const date = 'Mon, 23 Nov 2020 10:00:00 GMT';
  it.each([
    ['a number of seconds', '3', 3],
    ['a number with blanks behind it', '3 \t', 3],
    ['a date', 'Mon, 23 Nov 2020 10:00:05 GMT', 5],
    ['a number that no clock has', '9'.repeat(400), 86_400],
    ['a date that nobody waits for', 'Fri, 31 Dec 9999 23:59:59 GMT', 86_400],
    ['a date that has passed', 'Mon, 23 Nov 2020 09:00:00 GMT', undefined],
    ['a negative number', '-1', undefined],
    ['a fraction', '1.5', undefined],
    ['nonsense', 'soon', undefined],
    ['nothing', undefined, undefined],
  ])('is %s', (_title, value, expected) =>
    expect(readRetryAfter({ 'retry-after': value, date })).toBe(expected),
  );
});
