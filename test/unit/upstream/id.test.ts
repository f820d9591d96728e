import { describe, expect, it } from '@jest/globals';
import { isId } from '../../../src/upstream/iam-client.ts';

describe('An id', () => {
  it.each(['b5df235d-e91a-415e-a946-f7a0a381e785', 'tok-000001', '1234', 'a.b~c:d_e', 'x'.repeat(128)])(
    'may be %s',
    (id) => {
      expect(isId(id)).toBe(true);
    },
  );

  // What a client may try in order to reach another path is tested with every field that takes an id.
  it.each([' ', '../..', 'a..b', '-a', '~', 'é', 'x'.repeat(129)])('may not be %j', (id) => {
    expect(isId(id)).toBe(false);
  });
});
