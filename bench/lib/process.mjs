/** Starts and ends the measured processes, pins them to cores, and reads their CPU time and memory. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';

const LOAD_CORE = '0';
const GATEWAY_CORE = '1';
const TICK_MS = 10;

/**
 * Pins this process and the stub to one core, and processes started by `start` to the other. Ends all of them when this
 * process ends. `isPinned` is false without a second core or `taskset`.
 */
export function prepareMachine() {
  const isPinned = availableParallelism() > 1 && run('taskset', '-acp', LOAD_CORE, String(process.pid)) === 0;
  const children = new Set();
  process.on('exit', () => {
    for (const child of children) signal(child, 'SIGKILL');
  });
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1));

  /** The environment is `env` and what is needed to find programs. */
  const start = (command, { env, cwd, logFile }) => {
    const log = openSync(logFile, 'w');
    const [file, ...args] = isPinned ? ['taskset', '-c', GATEWAY_CORE, ...command] : command;
    const { PATH, HOME } = process.env;
    const child = spawn(file, args, {
      cwd,
      env: { PATH, HOME, NODE_ENV: 'production', ...env },
      stdio: ['ignore', log, log],
      // A process group, so that its children end with it.
      detached: true,
    });
    closeSync(log);
    children.add(child);
    child.on('exit', () => children.delete(child));
    return { pid: child.pid, hasEnded: () => hasEnded(child), stop: () => stop(child) };
  };
  return { isPinned, start };
}

function run(...[file, ...args]) {
  return spawnSync(file, args, { stdio: 'ignore' }).status;
}

function hasEnded({ exitCode, signalCode }) {
  return exitCode !== null || signalCode !== null;
}

async function stop(child) {
  if (hasEnded(child)) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  signal(child, 'SIGKILL');
  await exited;
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // The process has already ended.
  }
}

/** CPU time of a process and its descendants, all threads, user and system. NaN without /proc. */
export function cpuMs(pid) {
  return sumOverTree(pid, (id) => cpuMsByThread(id) ?? cpuMsByTick(id));
}

/** In nanoseconds, where the kernel has such statistics. */
function cpuMsByThread(id) {
  const threads = readdirSync(`/proc/${id}/task`).map((task) => `/proc/${id}/task/${task}/schedstat`);
  if (!threads.every((path) => existsSync(path))) return undefined;
  return threads.reduce((sum, path) => sum + Number.parseInt(readFileSync(path, 'utf8'), 10) / 1e6, 0);
}

function cpuMsByTick(id) {
  const [, utime, stime] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${id}/stat`, 'utf8'));
  return (Number(utime) + Number(stime)) * TICK_MS;
}

/** Resident memory of a process and its descendants. NaN without /proc. */
export function rssMb(pid) {
  return sumOverTree(pid, (id) => {
    const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'));
    return Number(kb) / 1024;
  });
}

function sumOverTree(pid, measure) {
  try {
    return [pid, ...descendants(pid)].reduce((sum, id) => sum + measure(id), 0);
  } catch {
    return Number.NaN;
  }
}

function descendants(pid) {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .filter((id) => id !== '')
    .flatMap((id) => [id, ...descendants(id)]);
}

export async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
