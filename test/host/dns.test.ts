import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startRedis } from '../redis/redis-server.ts';
import { freePort } from '../support/free-port.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { timed } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';

const DNS_HOST = '127.0.0.153';
/** The number of threads cannot be set there, except for workers, and the end waits for look-ups. */
const IS_NODE_20 = process.version.startsWith('v20.');
const LIST = '{ tokens { nodes { id } } }';

const folder = mkdtempSync(join(tmpdir(), 'dns-'));
let dns: DnsServer;
let port: number;
let gateway: GatewayProcess | undefined;
const servers: Server[] = [];
beforeEach(async () => {
  port = await freePort();
  dns = await startDnsServer(DNS_HOST, ['127.0.0.2']);
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${DNS_HOST}\noptions timeout:5 attempts:1\n`);
});
afterEach(async () => {
  await gateway?.kill();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  dns.close();
});
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** An API without tokens on one address, which counts its requests. */
async function startApi(host: string): Promise<{ count: number }> {
  const requests = { count: 0 };
  const server = createServer((_request, response) => {
    requests.count++;
    response.end('{"tokens": []}');
  }).listen(port, host);
  servers.push(server);
  await once(server, 'listening');
  return requests;
}

/** In a mount namespace of its own, whose resolver asks the name server of this test. */
async function start(env: Record<string, string> = {}): Promise<string> {
  const mount = `mount --bind ${join(folder, 'resolv.conf')} /etc/resolv.conf`;
  gateway = startProcess(
    {
      PORT: '0',
      API_GATEWAY_URL: `http://iam.test.example:${port}`,
      ALLOW_INSECURE_UPSTREAM: 'true',
      RATE_LIMIT_PER_SECOND: '0',
      ...env,
    },
    { command: ['/usr/bin/unshare', '--mount', 'sh', '-c', `${mount} && exec "$0" "$@"`] },
  );
  return gateway.listening();
}

async function ask(url: string, caller: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: caller },
    body: JSON.stringify({ query: LIST }),
  });
  return response.text();
}

const OK = '{"data":{"tokens":{"nodes":[]}}}\n';

describe('A name server that takes 300 ms', () => {
  it('fails none of 250 first reads, and gets one question of each kind', async () => {
    await startApi('127.0.0.2');
    dns.delayMs = 300;
    // On a busy machine 250 first reads take longer than the timeouts allow.
    const url = await start({ REQUEST_DEADLINE_MS: '60000', UPSTREAM_READ_TIMEOUT_MS: '60000' });
    const answers = await Promise.all(Array.from({ length: 250 }, (_, index) => ask(url, `caller-${index}`)));
    expect(new Set(answers)).toEqual(new Set([OK]));
    expect(dns.questions()).toBeLessThanOrEqual(2);
  });
});

describe('A name server that takes longer than connecting may', () => {
  it('delays the connection to Redis, and does not prevent it', async () => {
    const redis = await startRedis();
    try {
      dns.addresses = ['127.0.0.1'];
      dns.delayMs = 2_500;
      const url = await start({ REDIS_URL: `redis://redis.test.example:${new URL(redis.url).port}` });
      await until(
        async () => (await (await fetch(new URL('/readyz', url))).text()).includes('redis: ok'),
        20,
      );
    } finally {
      await redis.kill();
    }
  });
});

describe('A name of Redis for which DNS sends no reply', () => {
  it('is reported before the look-up ends', async () => {
    dns.silent = 'silent';
    await start({ REDIS_URL: 'redis://silent.example:6379' });
    const [line = ''] = (await gateway?.until(/.*"msg":"Redis is lost.*/)) ?? [];
    expect(JSON.parse(line)).toMatchObject({
      cause: 'ETIMEDOUT',
      hint: 'check scheme (with TLS or without), host and port in REDIS_URL, DNS, firewalls and network policies',
    });
  });
});

describe('Two names for which DNS sends no reply', () => {
  it('delay neither a call to IAM, nor the end', async () => {
    await startApi('127.0.0.2');
    dns.silent = 'silent';
    const url = await start({
      REDIS_URL: 'redis://a.silent.example:6379,redis://b.silent.example:6379',
      WORKERS: IS_NODE_20 ? '2' : '1',
    });
    const response = await timed(ask(url, 'caller'));
    expect(response.value).toBe(OK);
    expect(response.ownMs).toBeLessThan(2_000);
    gateway?.child.kill('SIGTERM');
    const end = await timed(Promise.resolve(gateway?.ended), gateway?.child.pid);
    expect(end.value).toBe(0);
    expect(end.ownMs).toBeLessThan(IS_NODE_20 ? 10_000 : 2_000);
  });
});

describe('An address that changes under steady traffic', () => {
  it('is noticed, and no request fails', async () => {
    const before = await startApi('127.0.0.2');
    const after = await startApi('127.0.0.3');
    const url = await start({ UPSTREAM_CONNECTION_MAX_AGE_MS: '500' });
    for (let round = 0; round < 20; round++) expect(await ask(url, 'caller')).toBe(OK);
    expect([before.count, after.count]).toEqual([20, 0]);
    dns.addresses = ['127.0.0.3'];
    await until(async () => {
      expect(await ask(url, 'caller')).toBe(OK);
      return after.count > 0;
    }, 20);
  });
});

describe('A name with several addresses', () => {
  it('is reached by the one that responds', async () => {
    await startApi('127.0.0.2');
    dns.addresses = ['127.0.0.4', '127.0.0.2'];
    const url = await start();
    expect(await ask(url, 'caller')).toBe(OK);
  });
});
