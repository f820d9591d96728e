import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';

const LIST = '{ tokens { nodes { id name } } }';
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ authorization: '' });
});
afterAll(() => gateway.close());
beforeEach(() => gateway.forgetCalls());

describe('Without a credential', () => {
  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic ZGVtbzpkZW1v' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['two words', { authorization: 'Bearer a b' }],
    ['9 KB', { authorization: `Bearer ${'x'.repeat(9000)}` }],
  ])('(%s) nothing runs and nobody is asked', async (_title, headers) => {
    const {
      status,
      data,
      errors,
      headers: answered,
    } = await gateway.query(LIST, {}, headers as Record<string, string>);
    expect([status, answered.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(gateway.calls()).toEqual([]);
  });

  it('two headers are refused, as it would be a matter of order who calls', async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        gateway.url,
        {
          method: 'POST',
          headers: [
            ['host', 'gateway'],
            ['content-type', 'application/json'],
            ['authorization', 'Bearer demo'],
            ['authorization', 'Bearer bob'],
          ].flat() as never,
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify({ query: LIST }));
    });
    expect(status).toBe(401);
    expect(gateway.calls()).toEqual([]);
  });

  it('the schema can be explored, where introspection is on', async () => {
    const { errors } = await gateway.query(
      '{ __schema { queryType { name } } ...F } fragment F on Query { __typename }',
    );
    expect(errors).toBeUndefined();
  });
});

describe('A caller', () => {
  it.each(['demo', 'Bearer demo', 'bearer demo', 'BEARER   demo'])(
    'may write the header as %j',
    async (authorization) => {
      const { data } = await gateway.query(LIST, {}, { authorization });
      expect(data.tokens.nodes).toHaveLength(20);
      expect(gateway.emulator.calls[0]?.headers.authorization).toBe('Bearer demo');
    },
  );

  it('sees only its own tokens, 50 callers at once', async () => {
    const create = (name: string) =>
      gateway.query(
        `mutation ($name: String!) { createToken(input: { name: $name, authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://a.example/jwks" } } }) { token { id } } }`,
        { name },
        { authorization: `Bearer ${name}` },
      );
    const names = Array.from({ length: 50 }, (_, index) => `caller-${index}`);
    await Promise.all(names.map(create));
    const answers = await Promise.all(
      names.map((name) => gateway.query(LIST, {}, { authorization: `Bearer ${name}` })),
    );
    expect(answers.map(({ data }) => data.tokens.nodes.map((token: { name: string }) => token.name))).toEqual(
      names.map((name) => [name]),
    );
  });

  it('sends nothing of its headers upstream but the credential, the trace and the request id', async () => {
    await gateway.query(
      LIST,
      {},
      {
        authorization: 'Bearer demo',
        cookie: 'session=1',
        'x-forwarded-for': '10.0.0.1',
        'x-amz-security-token': 'secret',
        'proxy-authorization': 'Basic x',
        'x-request-id': 'req-7',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    );
    const { host: _host, connection: _connection, ...headers } = gateway.emulator.calls[0]?.headers ?? {};
    expect(headers).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      authorization: 'Bearer demo',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-request-id': 'req-7',
    });
  });
});
