/** Starts the gateways of one run, waits until they respond, and checks their responses. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { folderOf, isInstalled, PEERS, titleOf } from '../peers/index.mjs';
import { documentOf, pick } from './dialects.mjs';
import { askOnce, openConnection, toRequest } from './load.mjs';
import { findFreePort } from './process.mjs';
import { expectedOf, WORKLOADS } from './workloads.mjs';

const START_LIMIT_MS = 30_000;
const REQUESTS = 1000;

/** This gateway with production settings, except for the two limits that would stop a single caller. */
const GATEWAY = {
  dialect: 'gateway',
  prepare: async ({ origin }) => ({
    API_GATEWAY_URL: origin,
    ADMIN_PORT: String(await findFreePort()),
    EXPLORER: 'off',
    RATE_LIMIT_PER_SECOND: '0',
    MAX_IN_FLIGHT_PER_PRINCIPAL: '0',
  }),
  command: ({ main }) => [process.execPath, ...startFlags(main), main],
};

const TITLES = { gateway: 'this gateway', before: 'this gateway, before' };

/** A folder for logs and files of the peers, which is removed when this process ends. */
export function createWorkFolder() {
  const work = mkdtempSync(join(tmpdir(), 'tokens-gateway-bench-'));
  process.on('exit', () => rmSync(work, { recursive: true, force: true }));
  return work;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The peers of `names` that are installed. Prints those that are not. */
export function selectPeers(names) {
  const unknown = names.filter((name) => !(name in PEERS));
  if (unknown.length > 0) throw new Error(`Expected --peers to be of ${Object.keys(PEERS)}, got ${unknown}`);
  const missing = names.filter((name) => !isInstalled(PEERS[name]));
  if (missing.length > 0) console.error(`Not installed: ${missing}. Run: node bench/setup.mjs`);
  return names.filter((name) => !missing.includes(name));
}

/** Starts one gateway and resolves when it responds to a query. `name`: a peer's letter, `gateway`, or `before` (its build `main`). */
export async function startContestant(name, { machine, upstream, work, main = MAIN }) {
  const definition = PEERS[name] ?? { ...GATEWAY, title: TITLES[name] };
  const { prepare = ({ upstream }) => ({ UPSTREAM: upstream }) } = definition;
  const port = await findFreePort();
  const folder = folderOf(definition);
  const options = { origin: upstream.url, upstream: `${upstream.url}/iam`, port, work, folder, main };
  const env = { HOST: '127.0.0.1', PORT: String(port), ...(await prepare(options)) };
  const logFile = join(work, `${name}.log`);
  const startedAt = performance.now();
  const child = machine.start(definition.command({ ...options, env }), { env, cwd: folder, logFile });
  const contestant = {
    name,
    title: definition.package === undefined ? definition.title : titleOf(definition),
    dialect: definition.dialect,
    port,
    ...child,
  };
  const until = (isReady) => waitUntil(isReady, contestant, logFile);
  await until(() => openConnection(port).then((connection) => connection.close()));
  const listenMs = performance.now() - startedAt;
  const request = createRequests(contestant, WORKLOADS.W1, { unique: false })(0);
  await until(async () => {
    const { status, body } = await askOnce(port, request, 3000);
    if (status !== 200) throw new Error(`it responds ${status} ${body}`);
  });
  return { ...contestant, listenMs };
}

/** The flags of Node.js with which `npm start` starts this build. */
function startFlags(main) {
  const { scripts } = JSON.parse(readFileSync(join(main, '../../package.json'), 'utf8'));
  return scripts.start.match(/--\S+/g) ?? [];
}

/** Repeats `attempt` until it resolves. */
async function waitUntil(attempt, { name, hasEnded }, logFile) {
  const giveUpAt = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (hasEnded() || performance.now() > giveUpAt)
        throw new Error(`Expected ${name} to start, got:\n${readFileSync(logFile, 'utf8').slice(-2000)}`, {
          cause,
        });
    }
    await sleep(5);
  }
}

/**
 * The bytes of the `n`-th request, created once. `unique`: a new principal for each request, also within a burst (`index`),
 * so that nothing is coalesced.
 */
export function createRequests({ dialect }, workload, { unique }) {
  const made = new Map();
  return (n, index = 0) => {
    const principal = unique ? (n + index) % REQUESTS : 0;
    const key = `${n % REQUESTS}/${principal}`;
    let request = made.get(key);
    if (!request) {
      const document = documentOf(dialect, workload, n % REQUESTS);
      request = toRequest('/graphql', document, `bench-${String(principal).padStart(4, '0')}`);
      made.set(key, request);
    }
    return request;
  };
}

/** Throws unless some responses have exactly the expected data. Returns the length that all others must have. */
export async function verify(contestant, workload) {
  const requestAt = createRequests(contestant, workload, { unique: false });
  let expectedLength;
  for (const n of [0, 1, 99]) {
    const { status, length, body } = await askOnce(contestant.port, requestAt(n));
    const { data, errors } = JSON.parse(body);
    if (status !== 200 || errors)
      throw new Error(`${contestant.name} responded ${status} ${body.slice(0, 400)}`);
    const got = JSON.stringify(pick(contestant.dialect, workload, data));
    const expected = JSON.stringify(expectedOf(workload, n));
    if (got !== expected)
      throw new Error(
        `Expected ${contestant.name} to answer ${expected.slice(0, 300)}, got ${got.slice(0, 300)}`,
      );
    expectedLength = length;
  }
  return expectedLength;
}
