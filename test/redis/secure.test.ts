import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const PASSWORD = 'CANARY-redis-password';
const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
const certificate = { file: join(folder, 'certificate.pem'), keyFile: join(folder, 'key.pem') };

let emulator: Emulator;
let redis: RedisServer;
beforeAll(async () => {
  const subject = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', certificate.keyFile, '-out', certificate.file];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...subject], { stdio: 'ignore' });
  [emulator, redis] = await Promise.all([
    startEmulator({ port: 0 }),
    startRedis({ password: PASSWORD, certificate }),
  ]);
});
afterAll(async () => {
  await redis.kill();
  await emulator.close();
  rmSync(folder, { recursive: true });
});

/** What `/readyz` says of Redis once that is settled, and all that the process wrote. */
async function redisOf(env: Record<string, string>, expected: string): Promise<string> {
  const gateway: GatewayProcess = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    LOG_LEVEL: 'trace',
    ...env,
  });
  const [, origin] = await gateway.until(/listening on (http:\/\/[^/"]+)/);
  // Before the first attempt it is unreachable as well.
  if (expected !== 'redis: ok') await gateway.until(/Redis is lost/);
  for (let tries = 0; tries < 100; tries++) {
    if ((await (await fetch(`${origin}/readyz`)).text()).includes(expected)) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const text = await (await fetch(`${origin}/readyz`)).text();
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  expect(gateway.output()).not.toContain('CANARY');
  return text;
}

describe('Redis with TLS and a password', () => {
  it('is used where the certificate is trusted', async () => {
    const env = { REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: certificate.file };
    expect(await redisOf(env, 'redis: ok')).toContain('redis: ok\n');
  });

  it('is not used where it is not, and the gateway serves all the same', async () => {
    const text = await redisOf({ REDIS_URL: redis.url }, 'redis-cause:');
    expect(text).toMatch(/redis: unreachable\n[\s\S]*redis-cause: certificate of an unknown authority\n/);
  });

  it('is not used with another password, which is told nowhere', async () => {
    const env = {
      REDIS_URL: redis.url.replace(PASSWORD, 'CANARY-wrong'),
      NODE_EXTRA_CA_CERTS: certificate.file,
    };
    const text = await redisOf(env, 'redis-cause:');
    expect(text).toMatch(/redis: unreachable\n[\s\S]*redis-cause: wrong user or password\n/);
  });

  it('is not used under a host name that the certificate does not have', async () => {
    const env = {
      REDIS_URL: redis.url.replace('127.0.0.1', 'localhost'),
      NODE_EXTRA_CA_CERTS: certificate.file,
    };
    const text = await redisOf(env, 'redis-cause:');
    expect(text).toMatch(/redis: unreachable\n[\s\S]*redis-cause: certificate for another host name\n/);
  });
});
