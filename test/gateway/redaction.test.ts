import { describe, expect, it } from '@jest/globals';
import { post, shareGateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';

const CANARY = 'PRIVATE-EXPONENT-CANARY';
const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { message } } }';

const gateway = shareGateway({ authorization: 'Bearer credential-canary' });

function withKey(member: object): object {
  const jwks = { keys: [{ ...RSA_JWK, ...member }] };
  return {
    name: 'billing-worker',
    authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: { jwks } },
  };
}

describe('A rejected value is never in the response, in the log or upstream', () => {
  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])(
    'in the variables: the private parameter %s of a key',
    async (member) => {
      const { errors, text } = await gateway.query(CREATE, { input: withKey({ [member]: CANARY }) });
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
      expect(errors?.[0]?.message).toBe(
        'Variable "$input.authenticationMethod.publicKeyInfo.jwks.keys.0" holds a private key: send the public members only, and treat the key as exposed.',
      );
      expect(text).not.toContain(CANARY);
    },
  );

  it.each([
    ['an object for a text', { ...withKey({}), name: { secret: CANARY } }],
    ['a list for a text', { ...withKey({}), name: [CANARY] }],
    ['an unknown member', { ...withKey({}), [CANARY]: 1 }],
    [
      'an unknown enum value',
      {
        name: 'abc',
        authenticationMethod: { signingAlgorithm: CANARY, publicKeyInfo: { jwksUri: 'https://a.example' } },
      },
    ],
    ['a text for an object', CANARY],
    [
      'both kinds of key',
      {
        name: 'abc',
        authenticationMethod: {
          signingAlgorithm: 'RS256',
          publicKeyInfo: { jwksUri: CANARY, jwks: { keys: [] } },
        },
      },
    ],
    [
      'neither kind of key',
      { name: CANARY, authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo: {} } },
    ],
    [
      "a value made to look like the message's end",
      { ...withKey({}), name: { x: `"; Field "name" ${CANARY}` } },
    ],
    ['a missing member', { authenticationMethod: { signingAlgorithm: CANARY } }],
  ])('in the variables: %s', async (_title, input) => {
    const { errors, text } = await gateway.query(CREATE, { input });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(text).not.toContain(CANARY);
  });

  it.each([
    [
      'a literal of a wrong type',
      `mutation { createToken(input: { name: { secret: "${CANARY}" } }) { token { id } } }`,
    ],
    [
      'a private key as a literal',
      `mutation { createToken(input: { name: "abc", authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwks: { keys: [{ kid: "a", kty: "RSA", alg: "RS256", d: "${CANARY}" }] } } } }) { token { id } } }`,
    ],
    [
      'a literal that is no enum value',
      `{ token(id: "x") { id } tokens(first: "${CANARY}") { nodes { id } } }`,
    ],
    ['a text where a name belongs', `{ token(id: "x") { "${CANARY}" } }`],
    ['a name where none belongs', `${CANARY.replaceAll('-', '_')} { a }`],
    ['an unterminated text', `{ token(id: "${CANARY}) { id } }`],
    ['a wrong default', `query ($id: ID! = { a: "${CANARY}" }) { token(id: $id) { id } }`],
  ])('in the document: %s', async (_title, document) => {
    const { errors, text } = await gateway.query(document);
    expect(errors?.length).toBeGreaterThan(0);
    expect(text.replaceAll('_', '-')).not.toContain(CANARY);
  });

  it('an operation name that does not exist', async () => {
    const { text } = await post(gateway.url, { query: 'query A { __typename }', operationName: CANARY }, {});
    expect(text).toContain('OPERATION_RESOLUTION_FAILURE');
    expect(text).not.toContain(CANARY);
  });

  it('and the log contains none of these values, nor the credential', () => {
    expect(gateway.log().length).toBeGreaterThan(0);
    expect(gateway.log()).not.toContain(CANARY);
    expect(gateway.log()).not.toContain('credential-canary');
    expect(gateway.calls()).toEqual([]);
  });
});
