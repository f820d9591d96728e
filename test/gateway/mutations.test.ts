import { describe, expect, it } from '@jest/globals';
import { shareGateway } from '../support/gateway.ts';
import { createKeyPair, EC_JWK, RSA_JWK } from '../support/keys.ts';

const CREATE = `mutation ($input: CreateTokenInput!) { createToken(input: $input) {
  token { id name scopes authenticationMethod { type signingAlgorithm publicKeyInfo {
    ... on JsonWebKeySet { keys { kid kty alg use n e crv x y } } ... on JsonWebKeySetLocation { jwksUri } } } }
  userErrors { code field message traceId } } }`;
const UPDATE = `mutation ($input: UpdateTokenInput!) { updateToken(input: $input) {
  token { id name authenticationMethod { signingAlgorithm publicKeyInfo { __typename } } } userErrors { code field message traceId } } }`;
const DELETE =
  'mutation ($input: DeleteTokenInput!) { deleteToken(input: $input) { deletedTokenId userErrors { code field message } } }';

const rsa = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
const input = (more: object = {}) => ({ name: 'billing-worker', authenticationMethod: rsa, ...more });

const gateway = shareGateway({ authorization: 'Bearer writer' });

async function create(more: object = {}): Promise<string> {
  const { data } = await gateway.query(CREATE, { input: input(more) });
  gateway.forgetCalls();
  return data.createToken.token.id;
}

describe('createToken', () => {
  it('registers a token by its keys', async () => {
    const { data, errors } = await gateway.query(CREATE, { input: input({ description: 'Nightly export' }) });
    expect(errors).toBeUndefined();
    expect(data.createToken).toMatchObject({
      token: {
        name: 'billing-worker',
        authenticationMethod: {
          type: 'PRIVATE_KEY',
          signingAlgorithm: 'RS256',
          publicKeyInfo: { keys: [RSA_JWK] },
        },
      },
      userErrors: [],
    });
    expect(gateway.emulator.calls.map(({ body }) => body)).toEqual([
      {
        name: 'billing-worker',
        description: 'Nightly export',
        authenticationMethod: { type: 'PRIVATE_KEY', ...rsa },
      },
    ]);
  });

  it('registers a token by the URL of its keys, which the gateway does not fetch', async () => {
    const jwksUri = 'https://partner.example.com/.well-known/jwks.json';
    const { data } = await gateway.query(CREATE, {
      input: input({ authenticationMethod: { publicKeyInfo: { jwksUri }, signingAlgorithm: 'RS512' } }),
    });
    expect(data.createToken.token.authenticationMethod.publicKeyInfo).toEqual({ jwksUri });
    expect(gateway.calls()).toEqual(['POST /v1/tokens']);
  });

  it.each(['RS512', 'ES256', 'ES512'] as const)('registers a key for %s', async (signingAlgorithm) => {
    const keys = [createKeyPair(signingAlgorithm).jwk];
    const { data } = await gateway.query(CREATE, {
      input: input({ authenticationMethod: { publicKeyInfo: { jwks: { keys } }, signingAlgorithm } }),
    });
    expect(data.createToken.userErrors).toEqual([]);
  });

  it.each([
    ['a short name', { name: 'ab' }, ['input', 'name']],
    ['a name of two emoji', { name: '😀😀' }, ['input', 'name']],
    ['a name of 2001 emoji', { name: '😀'.repeat(2001) }, ['input', 'name']],
    ['a description of 2001 emoji', { description: '😀'.repeat(2001) }, ['input', 'description']],
    ['a blank name', { name: '      ' }, ['input', 'name']],
    ['a name of 10 000 characters', { name: 'x'.repeat(10_000) }, ['input', 'name']],
    ['a name with a control character', { name: 'abc\u0007' }, ['input', 'name']],
    ['a private key for a name', { name: '-----BEGIN PRIVATE KEY-----\nMII' }, ['input', 'name']],
    [
      'a private key for a description',
      { description: '-----BEGIN RSA PRIVATE KEY-----' },
      ['input', 'description'],
    ],
    [
      'no key',
      { authenticationMethod: { ...rsa, publicKeyInfo: { jwks: { keys: [] } } } },
      ['input', 'authenticationMethod', 'publicKeyInfo', 'jwks', 'keys'],
    ],
    [
      'a key for another algorithm',
      { authenticationMethod: { ...rsa, signingAlgorithm: 'ES256' } },
      ['input', 'authenticationMethod', 'publicKeyInfo', 'jwks', 'keys', '0', 'alg'],
    ],
    [
      'a location by http',
      { authenticationMethod: { ...rsa, publicKeyInfo: { jwksUri: 'http://169.254.169.254/' } } },
      ['input', 'authenticationMethod', 'publicKeyInfo', 'jwksUri'],
    ],
    ['an idempotency key with a blank', { idempotencyKey: 'a b' }, ['input', 'idempotencyKey']],
  ])('rejects %s and does not call IAM', async (_title, more, field) => {
    const { data } = await gateway.query(CREATE, { input: input(more) });
    expect(data.createToken).toMatchObject({
      token: null,
      userErrors: [{ code: 'INVALID', field, traceId: null }],
    });
    expect(gateway.calls()).toEqual([]);
  });

  it('takes a name and a description of 2000 emoji, and returns the name as it came', async () => {
    const text = '😀'.repeat(2000);
    const { data } = await gateway.query(CREATE, { input: input({ name: text, description: text }) });
    expect(data.createToken).toMatchObject({ token: { name: text }, userErrors: [] });
  });

  it('reports what the API rejected, by field and with its trace id, but without the value', async () => {
    gateway.emulator.faults.add({ fault: 'status-400', operation: 'createToken', times: 1 });
    const { data } = await gateway.query(CREATE, { input: input() });
    expect(data.createToken).toMatchObject({
      token: null,
      userErrors: [{ code: 'INVALID', traceId: expect.any(String) }],
    });
  });

  it('is visible to later fields of the same request', async () => {
    const id = await create();
    const { data } = await gateway.query(
      `mutation ($id: ID!) {
        a: updateToken(input: { id: $id, name: "first name" }) { token { name projects { nodes { id } } } }
        b: updateToken(input: { id: $id, name: "second name" }) { token { name } }
      }`,
      { id },
    );
    expect([data.a.token.name, data.b.token.name]).toEqual(['first name', 'second name']);
  });
});

describe('updateToken', () => {
  it('sends the name alone when the name alone is given', async () => {
    const id = await create();
    const { data } = await gateway.query(UPDATE, { input: { id, name: 'renamed' } });
    expect(data.updateToken).toMatchObject({ token: { id, name: 'renamed' }, userErrors: [] });
    expect(gateway.calls()).toEqual([`PATCH /v1/tokens/${id}`]);
    expect(gateway.emulator.calls[0]?.body).toEqual({ name: 'renamed' });
  });

  it('completes a partial authentication method from the current token', async () => {
    const id = await create();
    await gateway.query(UPDATE, {
      input: {
        id,
        authenticationMethod: { publicKeyInfo: { jwks: { keys: [{ ...RSA_JWK, kid: 'next' }] } } },
      },
    });
    expect(gateway.calls()).toEqual([`GET /v1/tokens/${id}`, `PATCH /v1/tokens/${id}`]);
    expect(gateway.emulator.calls[1]?.body).toEqual({
      authenticationMethod: {
        type: 'PRIVATE_KEY',
        signingAlgorithm: 'RS256',
        publicKeyInfo: { jwks: { keys: [{ ...RSA_JWK, kid: 'next' }] } },
      },
    });
  });

  it('changes keys and algorithm together', async () => {
    const id = await create();
    const method = {
      type: 'PRIVATE_KEY',
      signingAlgorithm: 'ES256',
      publicKeyInfo: { jwks: { keys: [EC_JWK] } },
    };
    const { data } = await gateway.query(UPDATE, { input: { id, authenticationMethod: method } });
    expect(data.updateToken.token.authenticationMethod.signingAlgorithm).toBe('ES256');
    expect(gateway.calls()).toEqual([`PATCH /v1/tokens/${id}`]);
  });

  it('rejects an algorithm that does not fit the current keys', async () => {
    const id = await create();
    const { data } = await gateway.query(UPDATE, {
      input: { id, authenticationMethod: { signingAlgorithm: 'ES256' } },
    });
    expect(data.updateToken.userErrors).toMatchObject([
      { code: 'INVALID', field: ['input', 'authenticationMethod', 'signingAlgorithm'] },
    ]);
    expect(gateway.calls()).toEqual([`GET /v1/tokens/${id}`]);
  });

  it.each([
    ['nothing to change', {}, ['input']],
    ['an empty method', { authenticationMethod: {} }, ['input']],
    ['null for a name', { name: null }, ['input', 'name']],
    ['null for a method', { authenticationMethod: null, name: 'renamed' }, ['input', 'authenticationMethod']],
    [
      'null within the method',
      { authenticationMethod: { signingAlgorithm: null } },
      ['input', 'authenticationMethod', 'signingAlgorithm'],
    ],
    ['a malformed id', { id: '..', name: 'renamed' }, ['input', 'id']],
  ])('rejects %s and does not call IAM', async (_title, change, field) => {
    const { data } = await gateway.query(UPDATE, { input: { id: 'tok-1', ...change } });
    expect(data.updateToken).toMatchObject({ token: null, userErrors: [{ code: 'INVALID', field }] });
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    ['PATCH', { name: 'renamed' }],
    ['GET', { authenticationMethod: { signingAlgorithm: 'ES256' } }],
  ])("of a token that does not exist is a user error with IAM's trace id (%s)", async (method, change) => {
    const { data, errors } = await gateway.query(UPDATE, { input: { id: 'missing', ...change } });
    expect(errors).toBeUndefined();
    expect(data.updateToken).toMatchObject({
      token: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'], traceId: expect.any(String) }],
    });
    expect(gateway.calls()).toEqual([`${method} /v1/tokens/missing`]);
  });
});

describe('deleteToken', () => {
  it('deletes the token; a second time is a NOT_FOUND user error', async () => {
    const id = await create();
    const first = await gateway.query(DELETE, { input: { id } });
    expect(first.data.deleteToken).toEqual({ deletedTokenId: id, userErrors: [] });
    const second = await gateway.query(DELETE, { input: { id } });
    expect(second.data.deleteToken).toMatchObject({
      deletedTokenId: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }],
    });
    expect(gateway.calls()).toEqual([`DELETE /v1/tokens/${id}`, `DELETE /v1/tokens/${id}`]);
  });

  it.each(['..', 'a/b', '', 'x?limit=1'])('rejects %j and does not call IAM', async (id) => {
    const { data } = await gateway.query(DELETE, { input: { id } });
    expect(data.deleteToken.userErrors).toMatchObject([{ code: 'INVALID', field: ['input', 'id'] }]);
    expect(gateway.calls()).toEqual([]);
  });
});

describe('A write whose response is lost', () => {
  it.each([
    ['the connection is reset', 'after-reset', 'UPSTREAM_UNAVAILABLE'],
    ['the API fails', 'after-500', 'UPSTREAM_ERROR'],
  ])('because %s is sent once, and says that it may have succeeded', async (_title, fault, code) => {
    gateway.emulator.faults.add({ fault, operation: 'createToken', times: 5 });
    const { data, errors } = await gateway.query(CREATE, { input: input() });
    gateway.emulator.faults.clear();
    expect(data).toEqual({ createToken: null });
    expect(errors?.[0]?.extensions).toMatchObject({ code, mayHaveSucceeded: true });
    expect(gateway.calls()).toEqual(['POST /v1/tokens']);
  });
});

describe('An update', () => {
  it('that returns another token is an invalid response, which may have succeeded', async () => {
    const id = await create();
    gateway.emulator.faults.add({ fault: 'wrong-id', operation: 'updateToken', times: 1 });
    const { data, errors } = await gateway.query(UPDATE, { input: { id, name: 'renamed' } });
    expect(data).toEqual({ updateToken: null });
    expect(errors?.[0]?.extensions).toEqual({
      code: 'UPSTREAM_INVALID_RESPONSE',
      mayHaveSucceeded: true,
    });
    expect(gateway.calls()).toEqual([`PATCH /v1/tokens/${id}`]);
  });

  it('whose response is lost is seen by later reads of the same operation', async () => {
    const document = `mutation ($create: CreateTokenInput!, $update: UpdateTokenInput!) {
      before: createToken(input: $create) { token { ...All } }
      updateToken(input: $update) { token { id } }
      after: createToken(input: $create) { token { ...All } }
    }
    fragment All on Token { id name projects(first: 1) { nodes { id } } }`;
    const once = { ...input(), idempotencyKey: 'the-same-token' };
    const first = await gateway.query(CREATE, { input: once });
    const { id } = first.data.createToken.token;
    gateway.emulator.faults.add({ fault: 'after-reset', operation: 'updateToken', times: 1 });
    gateway.forgetCalls();
    const { data, errors } = await gateway.query(document, { create: once, update: { id, name: 'renamed' } });
    expect(errors?.[0]).toMatchObject({ path: ['updateToken'], extensions: { mayHaveSucceeded: true } });
    expect(data.before.token).toMatchObject({ id, name: once.name });
    expect(data.after.token).toMatchObject({ id, name: 'renamed' });
    const projects = `GET /v1/tokens/${id}/projects?limit=2`;
    expect(gateway.calls().filter((call) => call === projects)).toEqual([projects, projects]);
  });
});
