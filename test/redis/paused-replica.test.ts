import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Answer, type Gateway, post, startGateway } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { until } from '../support/until.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { CREATE, createInput, untilRedis, untilServed } from './support.ts';

const DEADLINE_MS = 1500;
/** Longer than any lease of a replica with this deadline. */
const PAUSE_MS = 3 * DEADLINE_MS + 1500;
const AUTHORIZATION = 'Bearer pauses';

let redis: RedisServer;
let other: Gateway;
let paused: GatewayProcess;
let url: string;
beforeAll(async () => {
  redis = await startRedis();
  other = await startGateway({
    env: { REDIS_URL: redis.url, REQUEST_DEADLINE_MS: String(DEADLINE_MS) },
    emulator: { seed: 'empty' },
    authorization: AUTHORIZATION,
  });
  await untilRedis(other.origin, 'ok');
});
afterAll(async () => {
  await other?.close();
  await redis?.kill();
});
beforeEach(async () => {
  const { url: api } = other.emulator;
  const env = { REDIS_URL: redis.url, REQUEST_DEADLINE_MS: String(DEADLINE_MS), PORT: '0' };
  paused = startProcess({ ...env, API_GATEWAY_URL: api });
  url = await paused.listening();
  await untilRedis(new URL(url).origin, 'ok');
  // The first create of a process takes much of the deadline on a slow machine.
  await until(async () => (await createAtPaused('Bearer warm-up', createInput('first'))).data?.createToken);
});
afterEach(() => paused.kill());
const createAtPaused = (authorization: string, variables: object): Promise<Answer> =>
  post(url, { query: CREATE, variables }, { authorization });
const called = (operation: string) =>
  other.emulator.calls.filter((call) => call.operation === operation).length;

it.each([
  ['before it has sent its POST', 'listToken'],
  ['after it has sent its POST', 'createToken'],
] as const)(
  'A replica that is suspended %s for longer than its lease makes no second token',
  async (_, operation) => {
    other.forgetCalls();
    const input = createInput(`paused in ${operation}`.replaceAll(' ', '-'));
    other.emulator.faults.add({ fault: 'latency-500', operation, times: 1 });
    const first = createAtPaused(AUTHORIZATION, input);
    await until(() => called(operation) > 0);
    await setTimeout(100);
    paused.child.kill('SIGSTOP');
    await setTimeout(PAUSE_MS);
    const second = await untilServed(() => other.query(CREATE, input));
    const id = second.data.createToken.token.id;
    paused.child.kill('SIGCONT');
    const late = await first;
    expect([id, undefined]).toContain(late.data?.createToken?.token?.id);
    const again = await untilServed(() => createAtPaused(AUTHORIZATION, input));
    expect(again.data.createToken.token.id).toBe(id);
    expect(other.emulator.tokensOf('pauses').filter(({ name }) => name === input.input.name)).toHaveLength(1);
    expect(called('createToken')).toBe(1);
  },
);
