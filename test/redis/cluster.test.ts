import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type RedisCluster, startCluster, untilClusterSays } from './redis-cluster.ts';
import { redisCli } from './redis-server.ts';
import { CREATE, createInput, lossesIn, untilRedis, untilServed } from './support.ts';

let cluster: RedisCluster;
let one: Gateway;
let two: Gateway;
beforeAll(async () => {
  cluster = await startCluster();
  const [first, second, third] = cluster.ports.map((port) => `redis://127.0.0.1:${port}`);
  const env = { RATE_LIMIT_PER_SECOND: '1000', RATE_LIMIT_BURST: '1000' };
  // The two ways to name a cluster.
  one = await startGateway({ env: { ...env, REDIS_URL: `${first},${second}` } });
  two = await startGateway({ env: { ...env, REDIS_URL: `${third}?cluster=true` }, emulatorOf: one });
  await Promise.all([untilRedis(one.origin, 'ok'), untilRedis(two.origin, 'ok')]);
});
afterAll(async () => {
  await two?.close();
  await one?.close();
  await cluster?.kill();
});
const create = (gateway: Gateway, key: string) => untilServed(() => gateway.query(CREATE, createInput(key)));

/** Makes another node the master of the last third of the slots. */
async function moveLastSlots(from: number, to: number): Promise<void> {
  const portOf = (node: number) => cluster.ports[node] as number;
  // The node that has them first: until then it tells the others that they are its own.
  for (const node of [from, 1, to])
    await redisCli(portOf(node), ['cluster', 'delslotsrange', '10923', '16383']);
  await redisCli(portOf(to), ['cluster', 'addslotsrange', '10923', '16383']);
  await redisCli(portOf(to), ['cluster', 'bumpepoch']);
  for (const port of cluster.ports) await untilClusterSays(port, 'cluster_slots_assigned:16384');
}

describe('On a Redis Cluster', () => {
  it('creates of many keys are made once each on any replica', async () => {
    one.forgetCalls();
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
    const answers = await Promise.all(
      keys.flatMap((key) => [one, two].map((gateway) => create(gateway, key))),
    );
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
    expect(new Set(answers.map(({ data }) => data.createToken.token.id)).size).toBe(30);
    expect(one.calls().filter((call) => call.startsWith('POST'))).toHaveLength(30);
  });

  it('the loss of one node counts as the loss of Redis, which is used again when the node is back', async () => {
    cluster.suspend(1);
    await untilRedis(one.origin, 'unreachable');
    const rejected = await Promise.all(
      ['a', 'b', 'c', 'd'].map((key) => one.query(CREATE, createInput(key))),
    );
    for (const { errors } of rejected)
      expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'OVERLOADED', retryAfter: 1 }]);
    expect((await one.query('{ __typename }')).status).toBe(200);
    cluster.resume(1);
    await untilRedis(one.origin, 'ok');
    expect((await create(one, 'a')).errors).toBeUndefined();
    expect(lossesIn(one.log())).toBeGreaterThan(0);
  });

  it('it comes back after all nodes were silent, also if the first to respond says that slots have moved', async () => {
    // The gateway may have noticed the move before the nodes fall silent, but seldom four times.
    for (const [from, to] of [
      [2, 0],
      [0, 2],
      [2, 0],
      [0, 2],
    ] as const) {
      await moveLastSlots(from, to);
      for (const node of [0, 1, 2]) cluster.suspend(node);
      await untilRedis(two.origin, 'unreachable');
      cluster.resume(from);
      await setTimeout(100);
      for (const node of [0, 1, 2]) cluster.resume(node);
      await untilRedis(two.origin, 'ok');
    }
    expect((await create(two, 'moved')).errors).toBeUndefined();
    // Four losses and returns, each of which has a limit of its own.
  }, 400_000);

  it('it comes back after a loss, also if the node that REDIS_URL names is gone by then', async () => {
    await moveLastSlots(2, 0);
    await untilRedis(two.origin, 'ok');
    expect((await create(two, 'before')).errors).toBeUndefined();
    cluster.suspend(2);
    cluster.suspend(0);
    await untilRedis(two.origin, 'unreachable');
    cluster.resume(0);
    await untilRedis(two.origin, 'ok');
    expect((await create(two, 'after')).errors).toBeUndefined();
  });
});
