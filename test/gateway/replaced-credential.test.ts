import { createServer, type RequestListener } from 'node:http';
import { afterEach, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { createTcpServers } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const { listen, close } = createTcpServers();
let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.close();
  close();
});

/** A gateway in `pat` mode over `api`, which also signs it in, with at most `concurrency` calls at a time. */
async function start(api: RequestListener, concurrency: number) {
  const origin = `http://127.0.0.1:${await listen(createServer(api))}`;
  gateway = await startGateway({
    apiGatewayUrl: origin,
    env: {
      AUTH_MODE: 'pat',
      PAT_CREDENTIAL: 'user',
      TOKEN_ENDPOINT: `${origin}/oauth2/token`,
      TOKEN_ID: 'a',
      PRIVATE_KEY: toPem(createKeyPair('ES256').privateKey),
      UPSTREAM_CONCURRENCY: String(concurrency),
      ADMIN_PORT: '0',
    },
  });
  return gateway;
}

it('Writes that wait for a free connection are sent with the credential that is valid then', async () => {
  let signIns = 0;
  const held: (() => void)[] = [];
  const sent: string[] = [];
  const { query, log, metrics } = await start(({ method, url, headers }, response) => {
    if (method === 'POST' && url === '/oauth2/token')
      return response.end(JSON.stringify({ access_token: `token-${++signIns}`, expires_in: 600 }));
    if (method !== 'DELETE') return response.end('{"tokens":[]}');
    const credential = String(headers.authorization);
    sent.push(credential);
    if (credential !== 'Bearer token-1') return response.writeHead(204).end();
    // Revoked while the first two writes are under way.
    held.push(() => response.writeHead(401).end('{"name":"UnauthorizedError"}'));
  }, 2);
  await query('{ tokens { nodes { id } } }');
  const answers = Array.from({ length: 6 }, (_, index) =>
    query(`mutation { deleteToken(input: { id: "t${index}" }) { deletedTokenId } }`),
  );
  // All six are in the gateway: four of them wait.
  await until(async () => held.length === 2 && /_in_flight 6\n/.test(await metrics()));
  for (const reject of held) reject();
  const codes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.code);
  expect(codes.filter((code) => code !== undefined)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  expect(sent).toEqual([...Array(2).fill('Bearer token-1'), ...Array(4).fill('Bearer token-2')]);
  expect(signIns).toBe(2);
  expect(log()).not.toContain('token-1');
});

it('Reads that wait while the gateway cannot sign in are not sent, and do not count as failures of the API', async () => {
  let signIns = 0;
  const held: (() => void)[] = [];
  const sent: string[] = [];
  const { query, metrics } = await start(({ method, url }, response) => {
    if (method === 'POST')
      return ++signIns === 1
        ? response.end(JSON.stringify({ access_token: 'token-1', expires_in: 600 }))
        : response.writeHead(503).end();
    if (!url?.includes('/tokens')) return response.end('{"keys":[]}');
    sent.push(url);
    held.push(() => response.writeHead(401).end('{"name":"UnauthorizedError"}'));
  }, 1);
  const answers = Array.from({ length: 6 }, (_, index) => query(`{ token(id: "t${index}") { name } }`));
  await until(async () => held.length === 1 && /_in_flight 6\n/.test(await metrics()));
  held[0]?.();
  const codes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.code);
  expect(codes).toEqual(Array(6).fill('UPSTREAM_UNAVAILABLE'));
  expect(sent).toHaveLength(1);
  const counted = (await metrics()).match(/^tokens_gateway_upstream_calls_total\{.*/gm);
  expect(counted).toEqual([expect.stringContaining('status="401"')]);
});
