import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { notWritable } from './data-file.ts';
import { EmulatorError } from './reply.ts';

/** Longer than another process takes from looking at a lock to removing it. */
const CONFIRM_MS = 50;
const MAX_TRIES = 5;

/**
 * Makes this process the only one that uses `file`, by a file `<file>.lock` beside it with the process id and its start
 * time. A lock whose process has ended is taken over. Returns the function that releases it. Rejects with an EmulatorError
 * while another process has it.
 */
export async function lockFile(file: string): Promise<() => void> {
  const lock = `${file}.lock`;
  const own = `${process.pid} ${startOf(process.pid) ?? ''}`;
  let tries = 0;
  while (!create(lock, own, file)) {
    const owner = read(lock);
    if (++tries === MAX_TRIES || (owner && isRunning(owner))) throw inUse(file, owner);
    if (read(lock) === owner) rmSync(lock, { force: true });
  }
  // Another process that saw the stale lock may have removed this one, and then owns the lock.
  await sleep(CONFIRM_MS);
  const owner = read(lock);
  if (owner !== own) throw inUse(file, owner);
  return () => {
    if (read(lock) === own) rmSync(lock, { force: true });
  };
}

/** False when there is a lock already. */
function create(lock: string, content: string, file: string): boolean {
  try {
    writeFileSync(lock, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw notWritable(file, cause);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Process ids are reused, at once when a container is restarted. The start time distinguishes the processes. */
function isRunning(owner: string): boolean {
  const pid = Number.parseInt(owner, 10);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startedAt = startOf(pid);
  return startedAt === undefined || owner === `${pid} ${startedAt}`;
}

/** In clock ticks since the machine started (field 22 of proc(5)'s `stat`). Undefined where there is no `/proc`. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the program, in parentheses, may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function inUse(file: string, owner = ''): EmulatorError {
  const pid = Number.parseInt(owner, 10);
  const by = pid > 0 ? `the emulator with process id ${pid}` : 'another emulator';
  return new EmulatorError(`EMULATOR_DATA_FILE ${file} is in use by ${by}. Stop it, or name another file.`);
}
