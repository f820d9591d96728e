import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { access, constants, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../json.ts';
import { readTextFile } from '../text-file.ts';
import { EmulatorError } from './reply.ts';
import type { State, StoredToken } from './store.ts';
import { readAs } from './validate.ts';

/** Ten thousand tokens with their projects are 20 MB. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Undefined if there is no such file yet. Throws an EmulatorError for one that holds no state, and does not change it. */
export function readDataFile(file: string): State | undefined {
  if (!existsSync(file)) return undefined;
  const explain = (problem: string) =>
    `Expected EMULATOR_DATA_FILE ${file} to hold the emulator's state, got ${problem}. It was left untouched: repair it or name another file.`;
  const content = readJsonFile(file, 'Expected EMULATOR_DATA_FILE to be a readable file');
  const state = readAs('DataFile', content, explain);
  requireOwnIds(state.tokens, explain);
  const sequences = [...state.tokens.map(({ sequence }) => sequence), state.lastSequence + 1];
  const isOrdered = sequences.every((sequence, index) => sequence > (sequences[index - 1] ?? -Infinity));
  if (!isOrdered) throw new EmulatorError(explain('tokens out of order'));
  return state;
}

/** Undefined for a file that is not JSON. Throws an EmulatorError that begins with `expected` for one that cannot be read. */
export function readJsonFile(file: string, expected: string): unknown {
  try {
    return parseJson(readTextFile(file, MAX_BYTES));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new EmulatorError(`${expected}, got ${file} (${code ?? message}).`, { cause });
  }
}

/** Throws an EmulatorError with the sentence that `explain` makes of two tokens with one id. */
export function requireOwnIds(tokens: readonly StoredToken[], explain: (problem: string) => string): void {
  const ids = new Set<string>();
  const shared = tokens.find(({ token: { id } }) => ids.has(id) || !ids.add(id));
  if (shared) throw new EmulatorError(explain(`two tokens with the id ${JSON.stringify(shared.token.id)}`));
}

/**
 * Replaces the file by one with this state. The order (temporary file, fsync, rename, fsync of the directory) makes a
 * kill -9 or a power cut leave either the old file or the new one.
 */
export async function writeDataFile(file: string, state: State): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    // A leftover temporary file may be a link or have another mode.
    await rm(temporary, { force: true });
    await writeFile(temporary, JSON.stringify({ version: 1, ...state }), { mode: 0o600, flush: true });
    await rename(temporary, file);
    const folder = await open(path.dirname(file));
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await rm(temporary, { force: true });
    throw notWritable(file, cause);
  }
}

/** Rejects with an EmulatorError when no file can be written beside this one, as for its lock and each replacement. */
export async function checkWritable(file: string): Promise<void> {
  await access(path.dirname(file), constants.W_OK).catch((cause) => {
    throw notWritable(file, cause);
  });
}

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
  while (!createLock(lock, own, file)) {
    const owner = tryRead(lock);
    if (++tries === MAX_TRIES || (owner && isRunning(owner))) throw inUse(file, owner);
    if (tryRead(lock) === owner) rmSync(lock, { force: true });
  }
  // Another process that saw the stale lock may have removed this one, and then owns the lock.
  await sleep(CONFIRM_MS);
  const owner = tryRead(lock);
  if (owner !== own) throw inUse(file, owner);
  return () => {
    if (tryRead(lock) === own) rmSync(lock, { force: true });
  };
}

/** False when there is a lock already. */
function createLock(lock: string, content: string, file: string): boolean {
  try {
    writeFileSync(lock, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw notWritable(file, cause);
  }
}

function tryRead(path: string): string | undefined {
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
  const stat = tryRead(`/proc/${pid}/stat`);
  // The name of the program, in parentheses, may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function inUse(file: string, owner = ''): EmulatorError {
  const pid = Number.parseInt(owner, 10);
  const by = pid > 0 ? `the emulator with process id ${pid}` : 'another emulator';
  return new EmulatorError(`EMULATOR_DATA_FILE ${file} is in use by ${by}. Stop it, or name another file.`);
}

function notWritable(file: string, cause: unknown): EmulatorError {
  const { code } = cause as NodeJS.ErrnoException;
  return new EmulatorError(`Expected EMULATOR_DATA_FILE ${file} to be writable, got ${code}.`, { cause });
}
