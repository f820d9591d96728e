import { describe, expect, it } from '@jest/globals';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { shareEmulator } from '../support/share.ts';
import { clientOf, validInput } from './support.ts';

const seed = { principals: { alice: { tokens: [{ id: 'of-alice', name: 'alice-ci', projects: [{}] }] } } };
const emulator = shareEmulator({ seed });

describe('A principal', () => {
  it('sees only its own tokens', async () => {
    const bob = clientOf(emulator, 'Bearer bob');
    const { body: token } = await bob('POST', '/v1/tokens', { body: validInput });
    expect((await bob('GET', '/v1/tokens')).body.tokens).toEqual([token]);
    const { body } = await clientOf(emulator, 'Bearer alice')('GET', '/v1/tokens');
    expect(body.tokens).toMatchObject([{ id: 'of-alice', name: 'alice-ci' }]);
  });

  it.each([
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/projects'],
  ])('is forbidden to %s the token of another%s', async (method, rest) => {
    const answer = await clientOf(emulator, 'mallory')(method, `/v1/tokens/of-alice${rest}`);
    expect(answer).toMatchObject({ status: 403, body: { name: 'ActionForbiddenError' } });
  });

  it.each(['Bearer alice', 'bearer alice', 'BEARER   alice', 'alice'])(
    'is the same by "%s"',
    async (value) => {
      const { body } = await clientOf(emulator, value)('GET', '/v1/tokens');
      expect(body.tokens).toHaveLength(1);
    },
  );

  it('learns from whoami who it is', async () => {
    const { body } = await clientOf(emulator, 'alice')('GET', '/v1/sts/whoami');
    expect(body.principalType).toBe('user');
    expect(emulator.tokensOf('alice')[0]?.ownerAri).toBe(`ari:iam:::user/${body.principalId}`);
  });
});

describe('A seed', () => {
  it('needs only the names of the principals', async () => {
    const other = await startEmulator({ seed: { principals: { alice: {} } } });
    expect((await clientOf(other, 'alice')('GET', '/v1/tokens')).body.tokens).toEqual([]);
    await other.close();
  });

  it('of another form is rejected with an example', async () => {
    const seed = { principal: {} } as never;
    await expect(startEmulator({ seed })).rejects.toThrow('{ "principals": { "alice"');
  });
});

describe('Without a credential', () => {
  it.each(['', 'Bearer', 'Bearer a b', 'Basic YTpi'])('"%s" gets 401', async (value) => {
    const answer = await clientOf(emulator, value)('GET', '/v1/tokens');
    expect(answer).toMatchObject({
      status: 401,
      body: { name: 'InvalidJwtTokenError', httpStatusCode: 401 },
    });
  });

  it('the key set is public', async () => {
    const { status, body } = await clientOf(emulator, '')('GET', '/.well-known/jwks.json');
    expect(status).toBe(200);
    expect(body.keys.length).toBeGreaterThan(1);
    expect(body.keys[0]).toEqual({
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      use: 'sig',
      kid: expect.any(String),
      x: expect.any(String),
      y: expect.any(String),
    });
  });
});
