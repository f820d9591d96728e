import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import type { Certificate } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';
import { redisCli, toTlsArguments } from './redis-server.ts';

/** A Redis Cluster of three nodes, each with a third of the slots and no replica. */
export interface RedisCluster {
  readonly ports: readonly number[];
  /** With a certificate: those for TLS. */
  readonly securePorts: readonly number[];
  /** Stops a node without closing anything, until `resume`. */
  suspend(node: number): void;
  resume(node: number): void;
  kill(): Promise<void>;
}

const SLOTS = ['0 5460', '5461 10922', '10923 16383'];

/** With a certificate, clients learn its nodes as `localhost`. */
export async function startCluster(certificate?: Certificate): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-cluster-'));
  const nodes: ChildProcess[] = [];
  const ends: Promise<unknown>[] = [];
  const ports: number[] = [];
  const securePorts: number[] = [];
  for (const slots of SLOTS) {
    const [port, busPort, securePort] = [await freePort(), await freePort(), await freePort()];
    const args = [
      ...['--port', String(port), '--cluster-port', String(busPort), '--bind', '127.0.0.1'],
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '60000', '--dir', folder],
      ...['--cluster-config-file', `nodes-${port}.conf`, '--save', '', '--appendonly', 'no'],
      ...(certificate ? ['--tls-port', String(securePort), ...toTlsArguments(certificate)] : []),
      ...(certificate ? ['--tls-cluster', 'yes', '--cluster-announce-hostname', 'localhost'] : []),
      ...(certificate ? ['--cluster-preferred-endpoint-type', 'hostname'] : []),
    ];
    const node = spawn('redis-server', args, { stdio: 'ignore' });
    nodes.push(node);
    ends.push(once(node, 'exit'));
    ports.push(port);
    securePorts.push(securePort);
    await until(async () => (await redisCli(port, ['ping']).catch(() => '')) === 'PONG', 50);
    await redisCli(port, ['cluster', 'addslotsrange', ...slots.split(' ')]);
    const first = ports[0] as number;
    if (port !== first)
      await redisCli(port, ['cluster', 'meet', '127.0.0.1', String(first), String(await busPortOf(first))]);
  }
  for (const port of ports) await untilClusterSays(port, 'cluster_state:ok');
  return {
    ports,
    securePorts,
    suspend: (node) => nodes[node]?.kill('SIGSTOP'),
    resume: (node) => nodes[node]?.kill('SIGCONT'),
    async kill() {
      for (const node of nodes) node.kill('SIGKILL');
      await Promise.all(ends);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Until the CLUSTER INFO of a node has this line. */
export async function untilClusterSays(port: number, line: string): Promise<void> {
  await until(async () => (await redisCli(port, ['cluster', 'info'])).includes(line), 50);
}

/** As `host:port@bus-port` in the node's own line of CLUSTER NODES. */
async function busPortOf(port: number): Promise<number> {
  const line = (await redisCli(port, ['cluster', 'nodes']))
    .split('\n')
    .find((each) => each.includes('myself'));
  return Number(/@(\d+)/.exec(line ?? '')?.[1]);
}
