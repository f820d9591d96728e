import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { RSA_JWK } from '../support/keys.ts';

const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code field } } }';

let gateway: Gateway;
let caller = 0;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());
beforeEach(() => {
  caller++;
  gateway.emulator.faults.clear();
  gateway.forgetCalls();
});

function create(idempotencyKey: string, more: object = {}) {
  const authenticationMethod = { publicKeyInfo: { jwks: { keys: [RSA_JWK] } }, signingAlgorithm: 'RS256' };
  const input = { name: 'billing-worker', authenticationMethod, idempotencyKey, ...more };
  return gateway.query(CREATE, { input }, { authorization: `Bearer caller-${caller}` });
}
const posts = () => gateway.calls().filter((call) => call === 'POST /v1/tokens').length;
async function count(): Promise<number> {
  const { data } = await gateway.query(
    '{ tokens { nodes { id } } }',
    {},
    { authorization: `Bearer caller-${caller}` },
  );
  return data.tokens.nodes.length;
}

describe('The same idempotency key', () => {
  it('gives the token that was made the first time', async () => {
    const first = await create('key-1');
    const second = await create('key-1');
    expect(second.data.createToken.token).toEqual(first.data.createToken.token);
    expect(posts()).toBe(1);
  });

  it('sent twice at once makes one token', async () => {
    const [first, second] = await Promise.all([create('key-1'), create('key-1')]);
    expect(second.data.createToken.token).toEqual(first.data.createToken.token);
    expect(posts()).toBe(1);
  });

  it('with another input is a conflict, and nothing is sent', async () => {
    await create('key-1');
    const { data } = await create('key-1', { name: 'another name' });
    expect(data.createToken).toEqual({
      token: null,
      userErrors: [{ code: 'CONFLICT', field: ['input', 'idempotencyKey'] }],
    });
    expect(posts()).toBe(1);
  });

  it('with another input is a conflict while the first is under way, too', async () => {
    const [first, second] = await Promise.all([create('key-1'), create('key-1', { name: 'another name' })]);
    const outcomes = [first, second].map(({ data }) => data.createToken.userErrors);
    expect(outcomes).toContainEqual([]);
    expect(outcomes).toContainEqual([{ code: 'CONFLICT', field: ['input', 'idempotencyKey'] }]);
    expect(posts()).toBe(1);
  });

  it('of another caller is another key', async () => {
    await create('key-1');
    caller++;
    const { data } = await create('key-1');
    expect(data.createToken.userErrors).toEqual([]);
    expect(posts()).toBe(2);
  });

  it.each(['after-reset', 'after-500'])(
    'after a lost answer (%s) finds the token that was made',
    async (fault) => {
      gateway.emulator.faults.add({ fault, operation: 'createToken', times: 1 });
      const lost = await create('key-1');
      expect(lost.errors?.[0]?.extensions.mayHaveSucceeded).toBe(true);
      const found = await create('key-1');
      expect(found.data.createToken.token.id).toEqual(expect.any(String));
      expect([posts(), await count()]).toEqual([1, 1]);
    },
  );

  it('after a lost answer does not take an equal token that was there before for the new one', async () => {
    await create('key-0');
    gateway.emulator.faults.add({ fault: 'status-500', operation: 'createToken', times: 1 });
    await create('key-1');
    const made = await create('key-1');
    expect(made.data.createToken.userErrors).toEqual([]);
    expect([posts(), await count()]).toEqual([3, 2]);
  });

  it('is free again after a refusal', async () => {
    gateway.emulator.faults.add({ fault: 'status-400', operation: 'createToken', times: 1 });
    const refused = await create('key-1');
    expect(refused.data.createToken.userErrors).toMatchObject([{ code: 'INVALID' }]);
    const made = await create('key-1', { name: 'another name' });
    expect(made.data.createToken.userErrors).toEqual([]);
  });

  it('whose token was deleted since says so, and makes no other', async () => {
    const { data } = await create('key-1');
    await gateway.query(
      'mutation ($id: ID!) { deleteToken(input: { id: $id }) { deletedTokenId } }',
      { id: data.createToken.token.id },
      { authorization: `Bearer caller-${caller}` },
    );
    const again = await create('key-1');
    expect(again.data.createToken).toMatchObject({ token: null, userErrors: [{ code: 'NOT_FOUND' }] });
    expect(posts()).toBe(1);
  });
});
