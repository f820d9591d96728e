import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { freePort } from '../support/free-port.ts';
import { RSA_JWK } from '../support/keys.ts';
import { createLoadClient, runLoad, tellFigure } from '../support/load.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { type LoadBalancer, startHaproxy } from './haproxy.ts';

const RESTARTS = 10;
const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code } } }';
const READ = '{ tokens(first: 5) { nodes { id projects(first: 2) { nodes { name } } } } }';

let emulator: Emulator;
let balancer: LoadBalancer | undefined;
let ports: number[];
let replicas: GatewayProcess[];
const started: GatewayProcess[] = [];
/** False ends the load and the restarts, also those that a failed test has left. */
let isRolling = true;
beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  // Like IAM, it takes a moment: a replica that ends has requests under way, however fast this machine is.
  emulator.faults.add({ fault: 'latency-50' });
  ports = [await freePort(), await freePort()];
  replicas = await Promise.all(ports.map(startReplica));
  balancer = await startHaproxy(ports);
});
afterAll(async () => {
  isRolling = false;
  await balancer?.close();
  for (const replica of started) await replica.kill();
  await emulator?.close();
});

async function startReplica(port: number): Promise<GatewayProcess> {
  const replica = startProcess({
    PORT: String(port),
    API_GATEWAY_URL: emulator.url,
    RATE_LIMIT_PER_SECOND: '0',
    // As deploy/compose.yaml has it.
    DRAIN_DELAY_MS: '2000',
  });
  started.push(replica);
  await replica.listening();
  return replica;
}

/** One after the other, as a rollout does: the next when the new one is ready. */
async function restart(index: number): Promise<void> {
  const replica = replicas[index % 2] as GatewayProcess;
  replica.child.kill('SIGTERM');
  expect(await replica.ended).toBe(0);
  if (!isRolling) return;
  replicas[index % 2] = await startReplica(ports[index % 2] as number);
  // The load balancer sends to it again.
  await replicas[index % 2]?.until(/"msg":"operation"/);
}

describe('Two replicas behind HAProxy', () => {
  it('lose no request in ten rolling restarts under load, and send no create twice', async () => {
    const client = createLoadClient(balancer?.origin ?? '', 20);
    const load = runLoad({
      concurrency: 20,
      until: () => !isRolling,
      async send(index) {
        const input = {
          name: `create ${index}`,
          authenticationMethod: {
            signingAlgorithm: 'RS256',
            publicKeyInfo: { jwks: { keys: [RSA_JWK] } },
          },
        };
        const query =
          index % 10 === 0
            ? { document: CREATE, variables: { input }, as: 'writer' }
            : { document: READ, as: 'demo' };
        const reply = await client.query(query);
        if (reply.status !== 200 || reply.text.includes('"errors"')) throw new Error(reply.text);
        return reply;
      },
    });
    for (let index = 0; isRolling && index < RESTARTS; index++) await restart(index);
    isRolling = false;
    const { total, lost, seconds, p50Ms, maxMs } = await load;
    await client.close();
    tellFigure(
      `${RESTARTS} rolling restarts in ${seconds.toFixed(0)} s: ${total} requests, ${lost.length} lost, p50 ${p50Ms} ms, slowest ${maxMs} ms`,
    );
    expect(lost).toEqual([]);
    expect(total).toBeGreaterThan(500);
    const names = emulator.tokensOf('writer').map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBe(Math.ceil(total / 10));
  }, 300_000);
});
