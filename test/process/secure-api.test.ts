import { constants } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { post } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { createTcpServers, writeCertificate } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'secure-api-'));
const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
const { listen, close } = createTcpServers();
let gateway: GatewayProcess | undefined;
beforeAll(() => writeCertificate({ file: cert, keyFile: key }, 'DNS:localhost'));
afterEach(() => gateway?.kill());
afterAll(() => {
  close();
  rmSync(folder, { recursive: true });
});

async function deleteToken(url: string): Promise<Record<string, unknown> | undefined> {
  const query = 'mutation { deleteToken(input: { id: "a" }) { deletedTokenId } }';
  const { errors } = await post(url, { query }, { authorization: 'Bearer demo' });
  return errors?.[0]?.extensions;
}

it('An API that ends each TLS handshake that resumes a session is still reached', async () => {
  const sessions = new Set<string>();
  let resumed = 0;
  const api = createServer(
    // The kind of session that a server is asked about.
    {
      cert: readFileSync(cert),
      key: readFileSync(key),
      maxVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (_request, response) => response.writeHead(204, { connection: 'close' }).end(),
  );
  api.on('newSession', (id, _session, done) => {
    sessions.add(id.toString('hex'));
    done();
  });
  api.on('resumeSession', (id, done) => {
    if (!sessions.has(id.toString('hex'))) return done(null, null);
    resumed++;
    done(new Error('not resumed'), null);
  });
  gateway = startProcess({
    PORT: '0',
    API_GATEWAY_URL: `https://localhost:${await listen(api)}`,
    NODE_EXTRA_CA_CERTS: cert,
  });
  const url = await gateway.listening();
  const write = () => deleteToken(url);
  expect(await write()).toBeUndefined();
  // The first connection that resumes fails. Nothing was sent on it.
  expect([await write(), resumed]).toEqual([{ code: 'UPSTREAM_UNAVAILABLE' }, 1]);
  await until(async () => (await write()) === undefined);
  expect(resumed).toBe(1);
});

it('A connection whose encryption breaks is left at once, and each write is sent once', async () => {
  // A record that was not encrypted with the keys of the connection.
  const forged = Buffer.from([0x17, 3, 3, 0, 20, ...Array(20).fill(1)]);
  const sockets: Duplex[] = [];
  let requests = 0;
  const api = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) => {
    if (++requests === 2) sockets.at(-1)?.write(forged);
    else response.writeHead(204).end();
  });
  api.on('connection', (socket) => sockets.push(socket));
  gateway = startProcess({
    PORT: '0',
    API_GATEWAY_URL: `https://localhost:${await listen(api)}`,
    NODE_EXTRA_CA_CERTS: cert,
  });
  const url = await gateway.listening();
  expect(await deleteToken(url)).toBeUndefined();
  expect(await deleteToken(url)).toEqual({ code: 'UPSTREAM_UNAVAILABLE', mayHaveSucceeded: true });
  expect(await deleteToken(url)).toBeUndefined();
  // Now between two requests.
  const [idle] = sockets.slice(-1);
  idle?.write(forged);
  await until(() => idle?.destroyed);
  expect(await deleteToken(url)).toBeUndefined();
  expect([requests, sockets.length]).toEqual([4, 3]);
});
