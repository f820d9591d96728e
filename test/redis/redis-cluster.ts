import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { redisCli } from './redis-server.ts';

/** A Redis Cluster of three nodes, each with a third of the slots and no replica. */
export interface RedisCluster {
  readonly ports: readonly number[];
  /** Stops a node without closing anything, until `resume`. */
  suspend(node: number): void;
  resume(node: number): void;
  kill(): Promise<void>;
}

const SLOTS = ['0 5460', '5461 10922', '10923 16383'];

export async function startCluster(): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-cluster-'));
  const nodes: ChildProcess[] = [];
  const ports: number[] = [];
  for (const slots of SLOTS) {
    const [port, busPort] = [await freePort(), await freePort()];
    const args = [
      ...['--port', String(port), '--cluster-port', String(busPort), '--bind', '127.0.0.1'],
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '60000', '--dir', folder],
      ...['--cluster-config-file', `nodes-${port}.conf`, '--save', '', '--appendonly', 'no'],
    ];
    const node = spawn('redis-server', args, { stdio: 'ignore' });
    nodes.push(node);
    ports.push(port);
    while ((await redisCli(port, ['ping']).catch(() => '')) !== 'PONG') await setTimeout(50);
    await redisCli(port, ['cluster', 'addslotsrange', ...slots.split(' ')]);
    const first = ports[0] as number;
    if (port !== first)
      await redisCli(port, ['cluster', 'meet', '127.0.0.1', String(first), String(await busPortOf(first))]);
  }
  for (const port of ports)
    while (!(await redisCli(port, ['cluster', 'info'])).includes('cluster_state:ok')) await setTimeout(50);
  return {
    ports,
    suspend: (node) => nodes[node]?.kill('SIGSTOP'),
    resume: (node) => nodes[node]?.kill('SIGCONT'),
    async kill() {
      const ended = nodes.map((node) => once(node, 'exit'));
      for (const node of nodes) node.kill('SIGKILL');
      await Promise.all(ended);
      rmSync(folder, { recursive: true });
    },
  };
}

/** As `host:port@bus-port` in the node's own line of CLUSTER NODES. */
async function busPortOf(port: number): Promise<number> {
  const line = (await redisCli(port, ['cluster', 'nodes']))
    .split('\n')
    .find((each) => each.includes('myself'));
  return Number(/@(\d+)/.exec(line ?? '')?.[1]);
}
