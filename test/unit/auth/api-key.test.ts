import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { CallerRights } from '../../../src/auth/authenticator.ts';
import { openApiKeys } from '../../../src/auth/callers/api-key.ts';
import { CancellationSource } from '../../../src/upstream/cancellation.ts';
import { files, PAT, problemsOf as problemsOfConfig } from '../../support/config.ts';
import { createTestLog, failureOf } from './support.ts';

const readHash = createHash('sha256').update('read-key').digest('hex');
const writeHash = createHash('sha256').update('write-key').digest('hex');

const FILE = `
# who may call
dashboard:read:${readHash}

ci:write:${writeHash.toUpperCase()}\r
`;

const closing = new CancellationSource();
afterAll(() => closing.cancel('aborted'));

const open = (text: string) => openApiKeys({ file: 'keys', text }, { log: createTestLog().log, closing });

function problemsOf(text: string): readonly string[] {
  files['/keys/tried'] = text;
  return problemsOfConfig({ ...PAT, CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: '/keys/tried' });
}

describe('The file of API keys', () => {
  it('is rejected with all its problems, by line and without the contents of the line', () => {
    const problems = problemsOf(
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
      'CALLER_API_KEYS_FILE: line 2: Expected name:role:sha256hex.',
      'CALLER_API_KEYS_FILE: line 3: Expected the role to be read or write.',
      'CALLER_API_KEYS_FILE: line 4: Expected the name to be 1 to 64 letters, digits or any of ._-',
      'CALLER_API_KEYS_FILE: line 5: Expected the SHA-256 of the key, 64 hexadecimal digits.',
      'CALLER_API_KEYS_FILE: line 6: Expected name:role:sha256hex.',
      'CALLER_API_KEYS_FILE: line 7: Expected the name to be unique.',
      'CALLER_API_KEYS_FILE: line 8: Expected the key to be listed once.',
    ]);
  });

  it('that is another file is rejected in a few lines', () => {
    const problems = problemsOf('x\n'.repeat(32_000));
    expect(problems).toHaveLength(11);
    expect(problems.slice(9)).toEqual([
      'CALLER_API_KEYS_FILE: line 10: Expected name:role:sha256hex.',
      'CALLER_API_KEYS_FILE: 31990 more lines are wrong.',
    ]);
  });

  it('must have at least one key', () => {
    expect(problemsOf('# nobody\n')).toEqual([
      'CALLER_API_KEYS_FILE: Expected at least one line of name:role:sha256hex.',
    ]);
  });
});

describe('A caller with an API key', () => {
  const check = open(FILE);

  it.each(['Bearer read-key', 'bearer  read-key', 'read-key'])('may read with a read key: %s', (header) => {
    expect(check(header)).toEqual({
      principal: readHash,
      mayWrite: false,
    } satisfies CallerRights);
  });

  it('may read and write with a write key', () => {
    expect(check('Bearer write-key')).toEqual({ principal: writeHash, mayWrite: true });
  });

  it.each([
    ['an unknown key', 'Bearer canary'],
    ['the hash in place of the key', `Bearer ${readHash}`],
    ['the name of the key', 'Bearer dashboard'],
    ['the key in other letters', 'Bearer READ-KEY'],
    ['no key', undefined],
    ['another scheme', 'Basic read-key'],
  ])('is rejected with %s', async (_, header) => {
    const error = await failureOf(() => check(header));

    expect(error).toMatchObject({ name: 'AuthError', kind: 'unauthenticated' });
    expect(String(error)).not.toContain('canary');
  });
});
