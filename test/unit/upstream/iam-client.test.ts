import { afterAll, describe, expect, it } from '@jest/globals';
import type { Call, Scope } from '../../../src/upstream/attempt.ts';
import { createCallQueue } from '../../../src/upstream/attempt.ts';
import { createDeadlines } from '../../../src/upstream/cancellation.ts';
import { createIamClient, isId } from '../../../src/upstream/iam-client.ts';
import { createSingleFlight } from '../../../src/upstream/single-flight.ts';

const deadline = createDeadlines(5000).start();
const credential = { identity: 'a', authorization: () => 'Bearer a', renew: async () => undefined };
const scope: Scope = { queue: createCallQueue(), credential, deadline, headers: {} };
afterAll(() => deadline.end());

/** A client over an API that returns an empty page for every list, and the calls that it got. */
function startClient() {
  const calls: Call[] = [];
  const send = async <Value>(_scope: Scope, call: Call<Value>): Promise<Value> => {
    calls.push(call);
    return call.parse('{ "tokens": [], "projects": [] }');
  };
  const client = createIamClient(send, createSingleFlight(), { onWrite() {} });
  return { client, paths: () => calls.map(({ method, path }) => `${method} ${path}`) };
}

describe('The path of a call', () => {
  it.each(['../..', '../projects', 'a/b', 'x?limit=1', 'x#y', '%2e%2e', 'a b'])(
    'never contains a malformed id: %j',
    async (id) => {
      const { client, paths } = startClient();
      const page = { limit: 1, startKey: undefined };
      const calls = [
        client.getToken(scope, id),
        client.listProjectsOfToken(scope, id, page),
        client.updateToken(scope, id, { name: 'abc' }),
        client.deleteToken(scope, id),
      ];
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes).toMatchObject(calls.map(() => ({ reason: { requestSent: false } })));
      expect(paths()).toEqual([]);
    },
  );

  it('has an id encoded', async () => {
    const { client, paths } = startClient();
    await client.deleteToken(scope, 'urn:token~1');
    expect(paths()).toEqual(['DELETE /v1/tokens/urn%3Atoken~1']);
  });

  it('has a start key encoded, whatever the API put in it', async () => {
    const { client, paths } = startClient();
    await client.listTokens(scope, { limit: 5, startKey: 'a+b/c=&limit=9 ü' });
    await client.listProjectsOfToken(scope, 'x', { limit: 5, startKey: '#1' });
    expect(paths()).toEqual([
      'GET /v1/tokens?limit=5&exclusiveStartKey=a%2Bb%2Fc%3D%26limit%3D9%20%C3%BC',
      'GET /v1/tokens/x/projects?limit=5&exclusiveStartKey=%231',
    ]);
  });
});

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
