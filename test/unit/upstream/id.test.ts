import { describe, expect, it } from '@jest/globals';
import { isId } from '../../../src/upstream/iam-client.ts';

describe('An id', () => {
  it.each(['b5df235d-e91a-415e-a946-f7a0a381e785', 'tok-000001', '1234', 'a.b~c:d_e', 'x'.repeat(128)])(
    'may be %s',
    (id) => {
      expect(isId(id)).toBe(true);
    },
  );

  it.each([
    '',
    ' ',
    '.',
    '../..',
    '../tokens',
    '../../v1/sts/whoami',
    'a..b',
    'a/b',
    'a/projects',
    'x?limit=1',
    'x#frag',
    '\\..\\x',
    '//evil',
    'http://evil/',
    '%2e%2e%2f',
    'x%2Fprojects',
    'a\r\nb',
    'a\0b',
    '-a',
    '~',
    'é',
    'x'.repeat(129),
  ])('may not be %j', (id) => {
    expect(isId(id)).toBe(false);
  });
});
