import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Gateway, post, startGateway } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { createRandom } from '../support/random.ts';
import { until } from '../support/until.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { CREATE, createInput, RETRY_MS, untilRedis } from './support.ts';

const SEED = Number(process.env.SEED ?? 20_261_124);
/** More where fewer than 200 creates died between POST and answer. */
const KILLS = 5;
const CREATES_PER_KILL = 60;
/** Short, since a claim of the dead lasts a second longer than this. */
const DEADLINE_MS = 3000;
const AUTHORIZATION = { authorization: 'Bearer crash' };

let redis: RedisServer;
let survivor: Gateway;
let victim: GatewayProcess | undefined;
let env: Record<string, string>;
beforeAll(async () => {
  redis = await startRedis();
  env = {
    REDIS_URL: redis.url,
    REQUEST_DEADLINE_MS: String(DEADLINE_MS),
    RATE_LIMIT_PER_SECOND: '0',
  };
  survivor = await startGateway({
    env,
    emulator: { seed: 'empty' },
    authorization: AUTHORIZATION.authorization,
  });
  await untilRedis(survivor.origin, 'ok');
});
afterAll(async () => {
  await victim?.kill();
  await survivor?.close();
  await redis?.kill();
});

const posts = () => survivor.calls().filter((call) => call === 'POST /v1/tokens').length;

/** Asks the survivor, as a client would, until it learns of its token. */
async function retry(key: string): Promise<string> {
  const { token } = await until(
    async () => (await survivor.query(CREATE, createInput(key))).data?.createToken,
    RETRY_MS,
  );
  return token.id;
}

/** The first creates of a process take long, which on a slow machine is much of the deadline. */
async function warmUp(url: string, kill: number): Promise<void> {
  const headers = { authorization: 'Bearer warm-up' };
  const create = (index: number) =>
    post(url, { query: CREATE, variables: createInput(`kill-${kill}-warm-up-${index}`) }, headers);
  for (let round = 0; round < 4; round++)
    await Promise.all(Array.from({ length: 10 }, (_, index) => create(10 * round + index)));
}

async function tokens(): Promise<{ id: string; name: string }[]> {
  const all: { id: string; name: string }[] = [];
  let after: string | null = null;
  do {
    const page = await survivor.query(
      'query ($after: String) { tokens(first: 100, after: $after) { nodes { id name } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    all.push(...page.data.tokens.nodes);
    after = page.data.tokens.pageInfo.hasNextPage ? page.data.tokens.pageInfo.endCursor : null;
  } while (after !== null);
  return all;
}

it(`A replica that is killed leaves no token twice and none unknown (seed ${SEED})`, async () => {
  const random = createRandom(SEED);
  const learned = new Map<string, string>();
  const counts = { killedBetweenPostAndAnswer: 0, killedBeforePost: 0 };
  let kills = 0;
  // On a busy machine some creates are complete before the kill, so it takes more kills.
  while (kills < KILLS || (counts.killedBetweenPostAndAnswer < 200 && kills < 3 * KILLS)) {
    const kill = kills++;
    victim = startProcess({ ...env, API_GATEWAY_URL: survivor.emulator.url, PORT: '0' });
    const url = await victim.listening();
    await untilRedis(new URL(url).origin, 'ok');
    await warmUp(url, kill);
    // Each takes its own time at IAM, before it is made there: some are killed before, some after.
    survivor.emulator.faults.clear();
    for (let create = 0; create < CREATES_PER_KILL; create++)
      survivor.emulator.faults.add({
        fault: `latency-${300 + random.integer(1200)}`,
        operation: 'createToken',
        times: 1,
      });
    survivor.forgetCalls();
    const keys = Array.from({ length: CREATES_PER_KILL }, (_, create) => `kill-${kill}-create-${create}`);
    let ended = 0;
    let failed = 0;
    const asked = keys.map((key) =>
      post(url, { query: CREATE, variables: createInput(key) }, AUTHORIZATION)
        .then(
          // On a busy machine some are rejected before the kill.
          ({ data }) => data?.createToken?.token.id as string | undefined,
          () => undefined,
        )
        .then((id) => {
          ended++;
          if (id === undefined) failed++;
          return id;
        }),
    );
    // The first time some are killed before they are sent. On a busy machine some fail unsent, by their deadline.
    const sent = kill === 0 ? 1 : CREATES_PER_KILL;
    await until(() => posts() + failed >= sent || ended === CREATES_PER_KILL);
    await setTimeout(random.integer(200));
    await victim.kill();
    const answers = await Promise.all(asked);
    counts.killedBetweenPostAndAnswer += posts() - answers.filter((id) => id !== undefined).length;
    counts.killedBeforePost += CREATES_PER_KILL - posts();
    const retried: string[] = [];
    // Not all at once: on a busy machine, none of so many would end by its deadline.
    for (let at = 0; at < keys.length; at += 10)
      retried.push(...(await Promise.all(keys.slice(at, at + 10).map(retry))));
    for (const [at, key] of keys.entries()) {
      // Who had an answer gets the same one again.
      expect([undefined, retried[at]]).toContain(answers[at]);
      learned.set(`token of ${key}`, retried[at] as string);
    }
  }
  const made = await tokens();
  process.stdout.write(`${JSON.stringify({ seed: SEED, ...counts, tokens: made.length })}\n`);
  expect(made.map(({ id, name }) => [name, id]).sort()).toEqual([...learned].sort());
  expect(counts.killedBetweenPostAndAnswer).toBeGreaterThanOrEqual(200);
  expect(made).toHaveLength(kills * CREATES_PER_KILL);
}, 600_000);
