import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { type Certificate, listen, writeCertificate } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';
import { startCluster } from './redis-cluster.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { untilRedis } from './support.ts';

const PASSWORD = 'CANARY-redis-password';
const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
const certificate = { file: join(folder, 'certificate.pem'), keyFile: join(folder, 'key.pem') };
const named = { file: join(folder, 'named.pem'), keyFile: join(folder, 'named-key.pem') };

let emulator: Emulator;
let redis: RedisServer;
let gateway: GatewayProcess | undefined;
beforeAll(async () => {
  writeCertificate(certificate, 'IP:127.0.0.1');
  writeCertificate(named, 'DNS:localhost');
  [emulator, redis] = await Promise.all([
    startEmulator({ port: 0 }),
    startRedis({ password: PASSWORD, certificate }),
  ]);
});
afterAll(async () => {
  await redis?.kill();
  await emulator?.close();
  rmSync(folder, { recursive: true });
});

afterEach(() => gateway?.kill());

/** Until `/readyz` has this of Redis. Nothing that the process writes has a password. */
async function expectRedis(env: Record<string, string>, expected: string): Promise<void> {
  gateway = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    LOG_LEVEL: 'trace',
    ...env,
  });
  const { origin } = new URL(await gateway.listening());
  if (expected === 'ok') await untilRedis(origin, 'ok');
  else {
    // Before the first attempt it is unreachable as well.
    await gateway.until(/Redis is lost/);
    await until(async () => {
      const text = await (await fetch(`${origin}/readyz`)).text();
      return text.includes('redis: unreachable\n') && text.includes(`redis-cause: ${expected}\n`);
    });
  }
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  expect(gateway.output()).not.toContain('CANARY');
}

describe('Redis with TLS and a password', () => {
  it('is used where the certificate is trusted', async () => {
    const env = { REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: certificate.file };
    await expectRedis(env, 'ok');
  });

  it('is used with a password that is printed nowhere, also with DEBUG=*', async () => {
    await expectRedis({ REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: certificate.file, DEBUG: '*' }, 'ok');
  });

  it('is not used where the certificate is not trusted, and the gateway still serves', async () => {
    await expectRedis({ REDIS_URL: redis.url }, 'certificate of an unknown authority');
  });

  it('is not used with another password, which appears nowhere', async () => {
    const env = {
      REDIS_URL: redis.url.replace(PASSWORD, 'CANARY-wrong'),
      NODE_EXTRA_CA_CERTS: certificate.file,
    };
    await expectRedis(env, 'wrong user or password');
  });

  it('is not used under a host name that the certificate does not have', async () => {
    const env = {
      REDIS_URL: redis.url.replace('127.0.0.1', 'localhost'),
      NODE_EXTRA_CA_CERTS: certificate.file,
    };
    await expectRedis(env, 'certificate for another host name');
  });

  it('is reached behind a proxy that chooses the server by the host name of the TLS handshake', async () => {
    const read = ({ file, keyFile }: Certificate) => ({
      cert: readFileSync(file),
      key: readFileSync(keyFile),
    });
    const proxy = createServer({
      ...read(certificate),
      SNICallback: (_name, done) => done(null, createSecureContext(read(named))),
    });
    const ca = readFileSync(certificate.file);
    proxy.on('secureConnection', (client) => {
      const server = connect({ host: '127.0.0.1', port: Number(new URL(redis.url).port), ca });
      server.on('error', () => client.destroy());
      client
        .on('error', () => server.destroy())
        .pipe(server)
        .pipe(client);
    });
    const port = await listen(proxy);
    const env = { REDIS_URL: `rediss://:${PASSWORD}@localhost:${port}`, NODE_EXTRA_CA_CERTS: named.file };
    await expectRedis(env, 'ok');
    proxy.close();
  });

  it('may be a cluster, whose certificate has the host name of its nodes and no address', async () => {
    const cluster = await startCluster(named);
    const env = {
      REDIS_URL: `rediss://localhost:${cluster.securePorts[0]}?cluster=true`,
      NODE_EXTRA_CA_CERTS: named.file,
    };
    await expectRedis(env, 'ok').finally(cluster.kill);
  });
});

it.each([
  ['rediss:', 'that speaks no TLS', '', 'no connection within the timeout, or no route'],
  ['rediss:', 'that speaks no TLS, as a cluster', '?cluster=true', 'the server closed the connection'],
  ['redis:', 'that needs TLS', '', 'the server closed the connection'],
  ['redis:', 'that needs TLS, as a cluster', '?cluster=true', 'the server closed the connection'],
])(
  '%s to a server %s is reported with the scheme as a likely cause',
  async (scheme, _server, query, problem) => {
    const plain = await startRedis();
    const { url } = scheme === 'rediss:' ? plain : redis;
    await expectRedis({ REDIS_URL: url.replace(/^\w+:/, scheme) + query }, problem).finally(plain.kill);
    expect(gateway?.output()).toMatch(/"hint":"check scheme \(with TLS or without\)/);
  },
);

it('A server in protected mode is reported in lines of JSON, and in nothing else', async () => {
  const denied =
    '-DENIED Redis is running in protected mode because no password is set for the default user.\r\n';
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).write(denied);
    socket.once('data', () => socket.resetAndDestroy());
  });
  const port = await listen(server);
  await expectRedis({ REDIS_URL: `redis://127.0.0.1:${port}` }, 'the server closed the connection');
  server.close();
  const lines = gateway?.output().trim().split('\n') ?? [];
  expect(lines.map((line) => JSON.parse(line).hint).join()).toContain('protected-mode');
});
