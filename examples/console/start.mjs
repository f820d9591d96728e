// The console in development: Vite, over a gateway. Everything that this starts ends with it.
//
// GATEWAY_URL   a gateway somewhere else
// PORT          the port of the gateway (4000): the one that runs there is used, otherwise one over the emulator starts
// CONSOLE_PORT  the port of the console (5173, or the next that is free)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
/** After this, what does not end by itself is killed. */
const PATIENCE_MS = 8_000;
const ANY_ADDRESS = new Set(['0.0.0.0', '::', '[::]']);

const children = new Set();
/** The process groups that have processes: a child may end before what it has started, such as the generator of the types. */
const groups = new Set();
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));

await run('tools/prepare.mjs');
await run('examples/console/prepare.mjs', '--types');
const gateway = process.env.GATEWAY_URL || (await findOrStartGateway());
const vite = start(['node_modules/vite/bin/vite.js', ...(process.env.CONSOLE_PORT ? ['--strictPort'] : [])], {
  cwd: here,
  env: { ...process.env, GATEWAY_URL: gateway },
});
vite.once('exit', (code) => void stop(code ?? 1));

/** A preparation, to its end. */
async function run(script, ...args) {
  const child = start([script, ...args], { cwd: root });
  const [code] = await unlessStopping(once(child, 'exit'));
  if (code !== 0) await stop(1);
}

async function findOrStartGateway() {
  const host = process.env.HOST && !ANY_ADDRESS.has(process.env.HOST) ? process.env.HOST : '127.0.0.1';
  const port = Number(process.env.PORT) || 4000;
  const url = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  const found = await unlessStopping(probe(url));
  if (found === 'gateway') {
    console.log(`Using the gateway that runs on ${url}.`);
    return url;
  }
  if (found === 'other') {
    await fail(`Port ${port} is in use, and not by this gateway. Set PORT, or stop what uses it.`);
  }
  const env = {
    ...process.env,
    EMULATOR: 'true',
    LOG_LEVEL: process.env.LOG_LEVEL || 'warn',
    PORT: String(port),
  };
  const child = start(['dist/main.js'], { cwd: root, env });
  child.once('exit', (code) => {
    if (!isStopping) void fail(`The gateway ended with ${code}.`);
  });
  while ((await unlessStopping(probe(url))) !== 'gateway')
    await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(`Started a gateway over the emulator on ${url}. Sign in as “Bearer demo”.`);
  return url;
}

/** What listens there: this gateway (it gives its health, and speaks GraphQL), something else, or nothing. */
async function probe(url) {
  const signal = AbortSignal.timeout(5_000);
  try {
    const health = await fetch(`${url}/livez`, { signal });
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"query":"{ __typename }"}',
      signal,
    });
    const body = await response.json();
    return health.ok && ('data' in body || 'errors' in body) ? 'gateway' : 'other';
  } catch (error) {
    return error.cause?.code === 'ECONNREFUSED' ? 'nothing' : 'other';
  }
}

/** Each in a process group of its own, so that what it starts can be ended with it. */
function start(args, options) {
  const child = spawn(process.execPath, args, {
    ...options,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.add(child);
  groups.add(child.pid);
  child.once('exit', () => {
    children.delete(child);
    if (!sendTo(child.pid, 0)) groups.delete(child.pid);
  });
  return child;
}

async function fail(message) {
  console.error(message);
  await stop(1);
}

/** The result, or nothing ever again while this process stops: what starts after the signal would not get it. */
async function unlessStopping(promise) {
  const result = await promise;
  return isStopping ? new Promise(() => {}) : result;
}

/** Ends everything, and then this process. Never resolves. */
async function stop(code) {
  if (!isStopping) {
    isStopping = true;
    const ends = [...children].map((child) => once(child, 'exit'));
    signalAll('SIGTERM');
    setTimeout(() => signalAll('SIGKILL'), PATIENCE_MS);
    await Promise.all(ends);
    const deadline = Date.now() + PATIENCE_MS;
    while (isAnyLeft() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    signalAll('SIGKILL');
    process.exit(code);
  }
  await new Promise(() => {});
}

function signalAll(signal) {
  for (const group of groups) sendTo(group, signal);
}

function isAnyLeft() {
  return [...groups].some((group) => sendTo(group, 0));
}

/** Whether there was a process to send `signal` to. */
function sendTo(group, signal) {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    // All of it has ended.
    return false;
  }
}
