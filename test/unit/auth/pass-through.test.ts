import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { AuthError, type Caller, createPassThroughAuthenticator } from '../../../src/auth/authenticator.ts';

const { authenticate } = createPassThroughAuthenticator();

describe('A caller is known by the credential, in any spelling of the header', () => {
  it.each([
    'Bearer secret-1',
    'bearer secret-1',
    'BEARER secret-1',
    'bEaReR secret-1',
    'Bearer    secret-1',
    'secret-1',
  ])('%s', (header) => {
    const caller = authenticate(header) as Caller;

    expect(caller.principal).toBe('f7e7c36e458e80e6b6a2c67d0a9ec09bd718dadd7bfa8d6bf6e7ad526e46c2f7');
    expect(caller.credential.identity).toBe(caller.principal);
    expect(caller.credential.authorization()).toBe('Bearer secret-1');
  });

  it.each([
    [
      'every visible ASCII character',
      String.fromCharCode(...Array.from({ length: 94 }, (_, index) => index + 33)),
    ],
    ['a credential of exactly 8 KiB', 'x'.repeat(8192)],
    ['one that starts with "bearer"', 'bearer-of-news'],
  ])('%s is one principal in all spellings', (_, credential) => {
    const spellings = [credential, `Bearer ${credential}`, `bearer   ${credential}`, `BEARER ${credential}`];
    const callers = spellings.map((header) => authenticate(header) as Caller);

    expect(new Set(callers.map(({ principal }) => principal))).toEqual(new Set([digest(credential)]));
    expect(new Set(callers.map((caller) => caller.credential.authorization()))).toEqual(
      new Set([`Bearer ${credential}`]),
    );
  });

  it('is never mixed up with another one', () => {
    const principals = ['a', 'b', 'A', 'Bearer aa', 'bearera'].map(
      (header) => (authenticate(header) as Caller).principal,
    );

    expect(new Set(principals).size).toBe(5);
  });
});

describe('A header that is not exactly one bearer credential is rejected', () => {
  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['blanks', '   '],
    ['Basic', 'Basic dXNlcjpwYXNz'],
    ['Bearer alone', 'Bearer'],
    ['bearer alone in lower case', 'bearer'],
    ['Bearer and a blank', 'Bearer '],
    ['Bearer twice', 'Bearer Bearer'],
    ['two credentials', 'Bearer a b'],
    ['two headers', 'Bearer a, Bearer b'],
    ['a credential over 8 KiB', `Bearer ${'x'.repeat(8193)}`],
    ['a line break', 'Bearer canary\r\nx-evil: 1'],
    ['a tab', 'Bearer\tcanary'],
    ['NUL', 'Bearer can\0ary'],
    ['DEL', 'Bearer canary\x7f'],
    ['a letter outside ASCII', 'Bearer canaryé'],
  ])('%s', (_, header) => {
    const error = failure(() => authenticate(header));

    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      kind: 'unauthenticated',
      message: 'Send `Authorization: Bearer <credential>` with one credential.',
    });
  });
});

describe('What a caller with a credential of their own may do is for IAM to say', () => {
  const caller = authenticate('Bearer secret-1') as Caller;

  it('so the gateway lets reads and writes through', () => {
    expect(caller).toMatchObject({ mayWrite: true });
  });

  it('and there is no other credential when IAM rejects it', async () => {
    expect(await caller.credential.renew('Bearer secret-1')).toBeUndefined();
  });

  it('and the credential does not show when the caller is printed', () => {
    expect(`${JSON.stringify(caller)}${inspect(caller, { depth: 9, showHidden: true })}`).not.toContain(
      'secret-1',
    );
  });
});

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function failure(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
