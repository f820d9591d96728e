import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmulatorError } from './reply.ts';

/** Longer than another process needs to put back a lock that it took by mistake. */
const CONFIRM_MS = 50;
const MAX_TRIES = 5;

/**
 * Makes this process the only one that uses `file`, by a file `<file>.lock` beside it with the process id and its start
 * time. A lock whose process has ended is taken over. Returns what gives it back. Rejects with an EmulatorError while
 * another process has it.
 */
export async function lockFile(file: string): Promise<() => Promise<void>> {
  const own = `${process.pid} ${(await startOf(process.pid)) ?? ''}`;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (await take(file, own)) return () => release(file, own);
  }
  throw inUse(file);
}

/** One attempt. False when there was a lock whose process has ended; it is removed now. */
async function take(file: string, own: string): Promise<boolean> {
  const lock = `${file}.lock`;
  const isCreated = await create(lock, own).catch((cause) => {
    throw new EmulatorError(`Expected EMULATOR_DATA_FILE ${file} to be writable, got ${cause.code}.`, {
      cause,
    });
  });
  // Another process that saw the lock before this one may just have moved this one away, and puts it back.
  if (isCreated) await sleep(CONFIRM_MS);
  const owner = await read(lock);
  if (isCreated && owner === own) return true;
  if (isCreated || (owner !== undefined && (await isRunning(owner))))
    throw inUse(file, owner && pidOf(owner));
  if (owner !== undefined) await removeStale(lock, owner);
  return false;
}

async function release(file: string, own: string): Promise<void> {
  if ((await read(`${file}.lock`)) === own) await rm(`${file}.lock`, { force: true });
}

/** Creates the lock together with its content: one without an owner would look stale. */
async function create(lock: string, content: string): Promise<boolean> {
  const temporary = `${lock}.${randomUUID()}`;
  await writeFile(temporary, content, { mode: 0o600 });
  try {
    await link(temporary, lock);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function removeStale(lock: string, owner: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch {
    // Another process removed it.
    return;
  }
  // Taken by another process since it was read: it is put back, if nothing else is there by now.
  if ((await read(aside)) !== owner) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** Process ids are reused, at once when a container is restarted. The start time distinguishes the processes. */
async function isRunning(owner: string): Promise<boolean> {
  const pid = pidOf(owner);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedAt = await startOf(pid);
  return startedAt === undefined || owner === `${pid} ${startedAt}`;
}

function pidOf(owner: string): number {
  return Number(owner.split(' ')[0]);
}

/** In clock ticks since the machine started (field 22 of proc(5)'s `stat`). Undefined where there is no `/proc`. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  // The name of the program, in parentheses, may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function inUse(file: string, pid?: number | ''): EmulatorError {
  const by = !pid ? 'another emulator' : `the emulator with process id ${pid}`;
  return new EmulatorError(`EMULATOR_DATA_FILE ${file} is in use by ${by}. Stop it, or name another file.`);
}
