import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { CallerRights } from '../../../src/auth/authenticator.ts';
import { createApiKeyCallerCheck, parseApiKeys } from '../../../src/auth/callers/api-key.ts';
import { failureOf } from './support.ts';

const readHash = createHash('sha256').update('read-key').digest('hex');
const writeHash = createHash('sha256').update('write-key').digest('hex');

const FILE = `
# who may call
dashboard:read:${readHash}

ci:write:${writeHash.toUpperCase()}\r
`;

describe('The file of API keys', () => {
  it('has one key a line, comments and blank lines', () => {
    expect(parseApiKeys(FILE)).toEqual({
      keys: [
        { name: 'dashboard', role: 'read', sha256: readHash },
        { name: 'ci', role: 'write', sha256: writeHash },
      ],
      problems: [],
    });
  });

  it('is refused with all its problems, by line and without what is written there', () => {
    const { problems } = parseApiKeys(
      [
        `a:read:${readHash}`,
        'canary',
        `b:admin-canary:${writeHash}`,
        `canary canary:read:${writeHash}`,
        'c:read:the-key-itself-canary',
        `d:read:${writeHash}:canary`,
        `a:read:${writeHash}`,
        `e:read:${readHash}`,
      ].join('\n'),
    );

    expect(problems).toEqual([
      'line 2: Expected name:role:sha256hex.',
      'line 3: Expected the role to be read or write.',
      'line 4: Expected the name to be 1 to 64 letters, digits or any of ._-',
      'line 5: Expected the SHA-256 of the key, 64 hexadecimal digits.',
      'line 6: Expected name:role:sha256hex.',
      'line 7: Expected the name to be unique.',
      'line 8: Expected the key to be listed once.',
    ]);
  });

  it('must let somebody in', () => {
    expect(parseApiKeys('# nobody\n').problems).toEqual([
      'Expected at least one line of name:role:sha256hex.',
    ]);
  });
});

describe('A caller with an API key', () => {
  const check = createApiKeyCallerCheck(parseApiKeys(FILE).keys);

  it.each(['Bearer read-key', 'bearer  read-key', 'read-key'])('may read with a read key: %s', (header) => {
    expect(check(header)).toEqual({
      principal: readHash,
      mayRead: true,
      mayWrite: false,
    } satisfies CallerRights);
  });

  it('may read and write with a write key', () => {
    expect(check('Bearer write-key')).toEqual({ principal: writeHash, mayRead: true, mayWrite: true });
  });

  it.each([
    ['an unknown key', 'Bearer canary'],
    ['the hash in place of the key', `Bearer ${readHash}`],
    ['the name of the key', 'Bearer dashboard'],
    ['the key in other letters', 'Bearer READ-KEY'],
    ['no key', undefined],
    ['another scheme', 'Basic read-key'],
  ])('is refused with %s', async (_, header) => {
    const error = await failureOf(() => check(header));

    expect(error).toMatchObject({ name: 'AuthError', kind: 'unauthenticated' });
    expect(String(error)).not.toContain('canary');
  });
});
