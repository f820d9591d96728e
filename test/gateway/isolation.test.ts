import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { shareGateway } from '../support/gateway.ts';
import { sendRaw } from '../support/raw.ts';

const LIST = '{ tokens { nodes { id name } } }';
const gateway = shareGateway({
  // Time enough for 200 callers at once on a busy machine.
  env: {
    REQUEST_DEADLINE_MS: '60000',
    UPSTREAM_READ_TIMEOUT_MS: '50000',
    UPSTREAM_CONNECT_TIMEOUT_MS: '50000',
  },
  authorization: '',
});

describe('Without a credential', () => {
  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic ZGVtbzpkZW1v' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['two words', { authorization: 'Bearer a b' }],
    ['9 KB', { authorization: `Bearer ${'x'.repeat(9000)}` }],
  ])('(%s) nothing runs and IAM is not called', async (_title, headers) => {
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

  it('two headers are rejected, because the caller would depend on their order', async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        gateway.url,
        {
          method: 'POST',
          headers: [
            ['host', 'localhost'],
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

  const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  it.each([
    ['of another form', { traceparent: 'secret', tracestate: 'a=1' }, {}],
    ['with text behind it', { traceparent: `${TRACE} secret`, tracestate: 'a=1' }, {}],
    ['with its state', { traceparent: TRACE, tracestate: 'a=1' }, { traceparent: TRACE, tracestate: 'a=1' }],
    [
      'with a state that is too long',
      { traceparent: TRACE, tracestate: 'a'.repeat(513) },
      { traceparent: TRACE },
    ],
    ['that is a state alone', { tracestate: 'a=1' }, {}],
  ])('whose trace context is one %s sends what is well-formed of it', async (_title, headers, sent) => {
    await gateway.query(LIST, {}, { authorization: 'Bearer demo', ...headers } as Record<string, string>);
    const { traceparent, tracestate } = gateway.emulator.calls[0]?.headers ?? {};
    expect({ traceparent, tracestate }).toEqual(sent);
  });
});

describe('What one caller reads', () => {
  const ONE = 'query ($id: ID!) { token(id: $id) { id name } }';

  it("is never another's: the same id is requested again, and rejected", async () => {
    const [token] = gateway.emulator.tokensOf('demo');
    const id = token?.id;
    const demo = await gateway.query(ONE, { id }, { authorization: 'Bearer demo' });
    const bob = await gateway.query(ONE, { id }, { authorization: 'Bearer bob' });
    expect(demo.data.token).toEqual({ id, name: 'billing-worker' });
    expect(bob.data.token).toBeNull();
    expect(bob.errors).toMatchObject([{ path: ['token'], extensions: { code: 'FORBIDDEN' } }]);
    expect(gateway.emulator.calls.map(({ principal }) => principal)).toEqual(['demo', 'bob']);
  });

  it('is read under its own name, 200 callers at once', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `echo-${index}`);
    const answers = await Promise.all(
      names.map((name) =>
        gateway.query(ONE, { id: 'fault-echo-principal' }, { authorization: `Bearer ${name}` }),
      ),
    );
    expect(answers.map(({ data }) => data?.token?.name)).toEqual(names);
  });

  it('is its own on a connection that a proxy uses for several callers, in the order of the requests', async () => {
    const callers = ['demo', 'echo-1', '', 'demo', 'echo-2'];
    const requests = callers.map((caller, at) => {
      const id = caller === 'demo' ? gateway.emulator.tokensOf(caller)[0]?.id : 'fault-echo-principal';
      const body = JSON.stringify({ query: ONE, variables: { id } });
      const headers = [
        'host: localhost',
        'content-type: application/json',
        `content-length: ${body.length}`,
        ...(caller ? [`authorization: Bearer ${caller}`] : []),
        ...(at === callers.length - 1 ? ['connection: close'] : []),
      ];
      return `POST /graphql HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
    });
    // The first response is the last to be ready.
    gateway.emulator.faults.add({ fault: 'latency-100', principal: 'demo' });
    // New, interpreted, and compiled.
    for (let round = 0; round < 5; round++) {
      gateway.forgetCalls();
      const { text } = await sendRaw(gateway.origin, requests.join(''));
      const outcomes = text.match(/(?<="name":")[^"]+|(?<="code":")\w+/g);
      expect(outcomes).toEqual(['billing-worker', 'echo-1', 'UNAUTHENTICATED', 'billing-worker', 'echo-2']);
      const asked = new Set(gateway.emulator.calls.map(({ principal }) => principal));
      expect([...asked].sort()).toEqual(['demo', 'echo-1', 'echo-2']);
    }
  });

  it('includes its own write, in a later request as well', async () => {
    const headers = { authorization: 'Bearer demo' };
    const id = gateway.emulator.tokensOf('demo')[2]?.id;
    const rename = `mutation ($id: ID!, $name: String!) { updateToken(input: { id: $id, name: $name }) { token { name } } }`;
    for (const name of ['renamed once', 'renamed twice']) {
      await gateway.query(rename, { id, name }, headers);
      const [first, second] = await Promise.all([
        gateway.query(ONE, { id }, headers),
        gateway.query(ONE, { id }, headers),
      ]);
      expect([first.data.token.name, second.data.token.name]).toEqual([name, name]);
    }
  });

  it('is kept when its credential expires in the middle', async () => {
    gateway.emulator.faults.add({ fault: '403-unauthorized', operation: 'listProjectsOfToken' });
    const { data, errors } = await gateway.query(
      '{ tokens(first: 1) { nodes { name projects { nodes { id } } } } }',
      {},
      { authorization: 'Bearer demo' },
    );
    gateway.emulator.faults.clear();
    expect(data.tokens.nodes).toEqual([{ name: 'billing-worker', projects: null }]);
    expect(errors).toMatchObject([
      { path: ['tokens', 'nodes', 0, 'projects'], extensions: { code: 'UNAUTHENTICATED' } },
    ]);
  });
});
