import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { startPatGateway } from '../support/pat-gateway.ts';
import { createCertificate, createTcpServers } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const READ = '{ token(id: "x") { id } }';
/** As many reads as it takes until IAM counts as unreachable, at once. */
const readThrice = ({ query }: Gateway) =>
  Promise.all(['a', 'b', 'c'].map((id) => query(`{ token(id: "${id}") { id } }`)));

let tls: ReturnType<typeof createCertificate>;
let plain: Gateway;
beforeAll(async () => {
  tls = createCertificate('iam.example');
  plain = await startGateway();
});
afterAll(() => plain.close());

let gateway: Gateway | undefined;
const { listen, close } = createTcpServers();
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  close();
});

const readyz = async ({ origin }: Gateway): Promise<string> => {
  let text = '';
  // A busy machine that stops this process for a moment is an overload for two seconds.
  await until(async () => {
    text = await (await fetch(`${origin}/readyz`)).text();
    return !text.includes('overloaded: yes');
  });
  return text;
};

describe('Why IAM cannot be reached', () => {
  it.each<[string, () => Promise<string> | string, RegExp, string, RegExp, string?]>([
    [
      'a host that DNS does not know',
      () => 'https://unknown-host.invalid',
      /^(ENOTFOUND|EAI_AGAIN)$/,
      'DNS ',
      /DNS/,
    ],
    [
      'a port on which nothing listens',
      async () => `http://127.0.0.1:${await freePort()}`,
      /^ECONNREFUSED$/,
      'connection refused',
      /^check host and port in API_GATEWAY_URL/,
    ],
    [
      'a certificate of an unknown authority',
      async () => `https://127.0.0.1:${await listen(createTlsServer(tls, () => {}))}`,
      /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
      'certificate of an unknown authority',
      /^set NODE_EXTRA_CA_CERTS /,
    ],
    [
      'a server without TLS',
      async () => `https://127.0.0.1:${await listen(createHttpServer())}`,
      /^(EPROTO|ECONNRESET|ERR_SSL_.*)$/,
      'the server ',
      /^check scheme \(with TLS or without\) and port in API_GATEWAY_URL/,
    ],
    [
      'a server without TLS that waits for more',
      async () => `https://127.0.0.1:${await listen(createServer(() => {}))}`,
      /^ETIMEDOUT$/,
      'no connection within the timeout',
      /^check scheme \(with TLS or without\), host and port in API_GATEWAY_URL/,
    ],
    [
      'a server that does not respond',
      async () => `http://127.0.0.1:${await listen(createServer(() => {}))}`,
      /^NO_RESPONSE$/,
      'no response in time',
      /^check the load/,
      // Time enough for a busy machine to connect.
      '1000',
    ],
  ])(
    '%s: is one line in the log with what to do, and a line of /readyz',
    async (_title, start, cause, problem, hint, timeoutMs = '20000') => {
      gateway = await startGateway({
        apiGatewayUrl: await start(),
        env: {
          UPSTREAM_CONNECT_TIMEOUT_MS: '1500',
          UPSTREAM_READ_TIMEOUT_MS: timeoutMs,
          UPSTREAM_RETRIES: '0',
          LOG_LEVEL: 'warn',
        },
      });
      for (const { errors } of await readThrice(gateway))
        expect(errors?.[0]?.extensions.code).toMatch(/^UPSTREAM_(UNAVAILABLE|TIMEOUT)$/);
      const text = await readyz(gateway);
      const lines = gateway.linesWith('IAM cannot be reached');
      expect(lines).toEqual([
        expect.objectContaining({
          cause: expect.stringMatching(cause),
          problem: expect.stringContaining(problem),
          hint: expect.stringMatching(hint),
        }),
      ]);
      expect(text).toMatch(
        /^ready: yes\nupstream: unreachable\ndraining: no\noverloaded: no\nversion: .+\nupstream-cause: .+\n$/,
      );
      expect(text).toContain(`upstream-cause: ${lines[0].problem}\n`);
      // Where the server is, and with what credential it was called, is nowhere.
      expect(text + gateway.log()).not.toMatch(/invalid|127\.0\.0\.1|Bearer|demo/);
    },
  );

  it('is reported without a request', async () => {
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${await freePort()}` });
    expect(await readyz(gateway)).toContain('upstream: unreachable\n');
    expect(gateway.linesWith('IAM cannot be reached')).toHaveLength(1);
  });

  it('is reported again at once when it is another cause', async () => {
    const port = await freePort();
    gateway = await startGateway({
      apiGatewayUrl: `http://127.0.0.1:${port}`,
      env: { UPSTREAM_READ_TIMEOUT_MS: '1000', UPSTREAM_RETRIES: '0' },
    });
    await gateway.query(READ);
    await listen(
      createServer(() => {}),
      port,
    );
    await readThrice(gateway);
    const causes = gateway.linesWith('IAM cannot be reached').map(({ cause }) => cause);
    expect(causes).toEqual(['ECONNREFUSED', 'NO_RESPONSE']);
  });

  it('is reported when every read fails although the address responds', async () => {
    const port = await listen(
      createHttpServer(({ url }, response) => {
        response.writeHead(url?.includes('jwks') ? 200 : 503, { 'content-type': 'application/json' });
        response.end('{"keys":[]}');
      }),
    );
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}` });
    expect(await readyz(gateway)).toContain('upstream: ok\n');
    await gateway.query(READ);
    expect(await readyz(gateway)).toMatch(/upstream: unreachable\n[\s\S]*upstream-cause: HTTP 503\n/);
    expect(gateway.linesWith('IAM cannot be reached')).toMatchObject([{ cause: 'HTTP 503' }]);
  });

  it('is reported when no read has a response by the deadline of its request although the address responds', async () => {
    const port = await listen(
      createHttpServer(({ url }, response) => {
        if (url?.includes('jwks')) response.end('{"keys":[]}');
      }),
    );
    const hasty = await startGateway({
      apiGatewayUrl: `http://127.0.0.1:${port}`,
      env: { REQUEST_DEADLINE_MS: '300' },
    });
    gateway = hasty;
    // On a busy machine the time of a request may be over before it is sent to IAM, which says nothing about IAM.
    await until(async () => {
      await readThrice(hasty);
      return (await readyz(hasty)).includes('upstream-cause: no response in time\n');
    });
  });

  it('is reported when every response is the sign-in page of a proxy', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('<html>')));
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}`, env: { ADMIN_PORT: '0' } });
    for (let count = 0; count < 3; count++) await gateway.query(READ);
    expect(await readyz(gateway)).toContain("upstream-cause: responses that are not IAM's\n");
    const metrics = await gateway.metrics();
    expect(metrics.match(/^tokens_gateway_upstream_calls_total.*/gm)).toEqual([
      'tokens_gateway_upstream_calls_total{operation="getToken",status="invalid-response",attempt="1"} 3',
    ]);
    expect(gateway.linesWith('IAM cannot be reached')).toMatchObject([
      { cause: 'invalid-response', hint: expect.stringContaining('path in API_GATEWAY_URL') },
    ]);
  });

  it('is reported when another server has none of the paths', async () => {
    const port = await listen(
      createHttpServer((_request, response) => response.writeHead(404).end('{"message":"Not Found"}')),
    );
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}` });
    for (let count = 0; count < 3; count++) await gateway.query(READ);
    expect(await readyz(gateway)).toContain("upstream-cause: responses that are not IAM's\n");
    expect(gateway.linesWith('IAM cannot be reached')).toMatchObject([{ cause: 'invalid-response' }]);
  });

  it('is not reported for a server that closes its connections without notice', async () => {
    // Each carries one response; a second request ends it.
    const port = await listen(
      createHttpServer((request, response) => {
        if (!used.has(request.socket)) response.writeHead(404).end('{}');
        else request.socket.destroy();
        used.add(request.socket);
      }),
    );
    const used = new Set<object>();
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}` });
    expect((await gateway.query(READ)).errors).toBeUndefined();
    expect(await readyz(gateway)).toContain('upstream: ok\n');
    expect(gateway.linesWith('IAM cannot be reached')).toEqual([]);
  });

  it('is not reported when a load balancer forgets idle connections: the first of them that breaks replaces all', async () => {
    const known = new Set<object>();
    let forgotten: ReadonlySet<object> = new Set();
    const held: (() => void)[] = [];
    const port = await listen(
      createHttpServer(({ socket, method }, response) => {
        if (forgotten.has(socket)) return void socket.resetAndDestroy();
        known.add(socket);
        held.push(() => response.writeHead(method === 'GET' ? 404 : 204).end());
        // The calls of the first request are under way at the same time, each on its own connection.
        if (known.size >= 12) for (const respond of held.splice(0)) respond();
      }),
    );
    gateway = await startGateway({
      apiGatewayUrl: `http://127.0.0.1:${port}`,
      env: { TOKEN_BATCH_LIST_MIN: '0' },
    });
    const many = Array.from({ length: 12 }, (_, index) => `t${index}: token(id: "t${index}") { id }`);
    await gateway.query(`{ ${many.join(' ')} }`);
    expect(known.size).toBe(12);
    forgotten = new Set(known);
    expect((await gateway.query(READ)).errors).toBeUndefined();
    const remove = 'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }';
    expect((await gateway.query(remove)).errors).toBeUndefined();
    expect(known.size).toBe(13);
  });

  it('is no longer reported as soon as a read succeeds', async () => {
    let status = 503;
    const port = await listen(
      createHttpServer(({ url }, response) => {
        response.writeHead(url?.includes('jwks') ? 200 : status, { 'content-type': 'application/json' });
        response.end('{"keys":[],"name":"NotFoundError"}');
      }),
    );
    gateway = await startGateway({ apiGatewayUrl: `http://127.0.0.1:${port}` });
    await gateway.query(READ);
    status = 404;
    await gateway.query(READ);
    expect(await readyz(gateway)).toContain('upstream: ok\n');
  });
});

describe('Why the gateway cannot sign in', () => {
  it('is not that the servers of IAM close each connection after a response', async () => {
    const port = await listen(
      createHttpServer((request, response) => {
        const { socket, url = '' } = request;
        const name = /oauth2|sts/.test(url) ? { access_token: 'a', accessToken: 'a' } : { tokens: [] };
        const body = JSON.stringify({ ...name, expires_in: 600, expiresIn: 600 });
        // Without `Connection: close`.
        response.writeHead(200, { 'content-length': body.length }).end(body, () => socket.destroySoon());
      }),
    );
    const origin = `http://127.0.0.1:${port}`;
    gateway = await startGateway({
      apiGatewayUrl: origin,
      env: {
        AUTH_MODE: 'pat',
        TOKEN_ENDPOINT: `${origin}/oauth2/token`,
        TOKEN_ID: 'a',
        PROJECT_ID: 'a',
        PRIVATE_KEY: toPem(createKeyPair('ES256').privateKey),
      },
    });
    expect((await gateway.query('{ tokens { nodes { id } } }')).errors).toBeUndefined();
    expect(gateway.linesWith('signing in to IAM did not work')).toEqual([]);
  });

  it('is that a page for people comes back, which is not reported as its status 200', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('<html>')));
    gateway = await startPatGateway(plain, createKeyPair('ES256'), {
      TOKEN_ENDPOINT: `http://127.0.0.1:${port}/oauth2/token`,
    });
    await gateway.query(READ);
    expect(await readyz(gateway)).toContain('upstream-cause: sign-in: a response without a token\n');
    expect(gateway.linesWith('signing in to IAM did not work')).toEqual([
      expect.objectContaining({ reason: 'The token endpoint responded without a JSON object' }),
    ]);
  });

  it('is one line in the log for any number of attempts', async () => {
    gateway = await startPatGateway(plain, createKeyPair('ES256'), {
      TOKEN_ENDPOINT: `http://127.0.0.1:${await freePort()}/oauth2/token`,
    });
    expect(await readyz(gateway)).toContain('upstream: ok\n');
    await gateway.query(READ);
    expect(await readyz(gateway)).toMatch(
      /upstream: unreachable\n[\s\S]*upstream-cause: sign-in: connection refused\n/,
    );
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await gateway.query(READ);
    expect(gateway.linesWith('signing in to IAM did not work')).toEqual([
      expect.objectContaining({
        problem: 'connection refused',
        hint: expect.stringContaining('TOKEN_ENDPOINT'),
      }),
    ]);
  });
});
