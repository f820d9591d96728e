import { describe, expect, it } from '@jest/globals';
import { shareEmulator } from '../support/share.ts';
import { clientOf, validInput } from './support.ts';

const emulator = shareEmulator({ seed: 'empty' });
const demo = clientOf(emulator);

const { authenticationMethod } = validInput;
const withKeyInfo = (publicKeyInfo: unknown) => ({
  ...validInput,
  authenticationMethod: { ...authenticationMethod, publicKeyInfo },
});
const KEY_INFO = 'authenticationMethod.publicKeyInfo';

describe('A body that the API would reject', () => {
  it.each([
    ['a short name', { ...validInput, name: 'ab' }, 'name'],
    ['no name', { authenticationMethod }, 'name'],
    ['a null name', { ...validInput, name: null }, 'name'],
    ['no method', { name: 'abc' }, 'authenticationMethod'],
    ['an unknown member', { ...validInput, colour: 'red' }, 'colour'],
    [
      'an unknown algorithm',
      { ...validInput, authenticationMethod: { ...authenticationMethod, signingAlgorithm: 'PS256' } },
      'authenticationMethod.signingAlgorithm',
    ],
    ['both kinds of key info', withKeyInfo({ jwks: { keys: [] }, jwksUri: 'https://a' }), KEY_INFO],
    ['neither kind of key info', withKeyInfo({}), KEY_INFO],
    ['key info that is null', withKeyInfo(null), KEY_INFO],
    ['no keys', withKeyInfo({ jwks: { keys: [] } }), `${KEY_INFO}.jwks.keys`],
    [
      'a key without kty',
      withKeyInfo({ jwks: { keys: [{ kid: 'a', alg: 'ES256', use: 'sig' }] } }),
      `${KEY_INFO}.jwks.keys[0].kty`,
    ],
    ['a URI that is a number', withKeyInfo({ jwksUri: 1 }), `${KEY_INFO}.jwksUri`],
  ])('with %s gets the error body of the vendor', async (_, body, field) => {
    const answer = await demo('POST', '/v1/tokens', { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      name: 'InvalidParameterError',
      message: `Invalid parameter: ${field}.`,
      httpStatusCode: 400,
      traceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      details: [{ field, issue: expect.any(String), location: 'body' }],
    });
    expect(emulator.tokensOf('demo')).toEqual([]);
  });

  it('reports every fault at once, with the value that was sent', async () => {
    const { body } = await demo('POST', '/v1/tokens', { body: { name: 'ab', colour: 'red' } });
    expect(body.details).toEqual([
      {
        issue: "must have required property 'authenticationMethod'",
        field: 'authenticationMethod',
        location: 'body',
      },
      { issue: 'must NOT have additional properties', field: 'colour', location: 'body' },
      { issue: 'must match pattern ".{3,}"', field: 'name', value: 'ab', location: 'body' },
    ]);
    const method = { ...authenticationMethod, signingAlgorithm: 'PS256' };
    const other = await demo('POST', '/v1/tokens', { body: { ...validInput, authenticationMethod: method } });
    expect(other.body.details).toMatchObject([{ issue: 'must be equal to one of the allowed values' }]);
  });

  it.each([
    ['malformed JSON', '{"name":', 'application/json'],
    ['nothing', '', 'application/json'],
    ['plain text', JSON.stringify(validInput), 'text/plain'],
  ])('%s is rejected by API Gateway, without a name', async (_, body, type) => {
    const answer = await demo('POST', '/v1/tokens', { body, headers: { 'content-type': type } });
    expect([answer.status, answer.body]).toEqual([400, { message: 'Invalid request body' }]);
  });

  it('more than 10 MB are rejected by API Gateway', async () => {
    const body = { ...validInput, description: 'x'.repeat(10 * 1024 * 1024) };
    expect(await demo('POST', '/v1/tokens', { body })).toMatchObject({ status: 413 });
  });

  it('a bad update is rejected, an empty one changes nothing', async () => {
    const { body: token } = await demo('POST', '/v1/tokens', { body: validInput });
    const rejected = await demo('PATCH', `/v1/tokens/${token.id}`, { body: { description: 'new' } });
    expect(rejected).toMatchObject({ status: 400, body: { details: [{ field: 'description' }] } });
    expect((await demo('PATCH', `/v1/tokens/${token.id}`, { body: {} })).body).toEqual(token);
  });
});

describe('A query that the API would reject', () => {
  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=', 'limit'],
    ['exclusiveStartKey=garbage', 'exclusiveStartKey'],
    [`exclusiveStartKey=${'x'.repeat(3001)}`, 'exclusiveStartKey'],
  ])('gets the error body of the vendor: %.40s', async (query, field) => {
    const answer = await demo('GET', `/v1/tokens?${query}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { name: 'InvalidParameterError', details: [{ field, location: 'query' }] },
    });
  });
});
