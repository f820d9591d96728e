import { existsSync } from 'node:fs';
import { access, constants, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readTextFile } from '../text-file.ts';
import { EmulatorError } from './reply.ts';
import type { State, StoredToken } from './store.ts';
import { readAs } from './validate.ts';

/** Ten thousand tokens with their projects are 20 MB. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Undefined if there is no such file yet. Throws an EmulatorError for one that holds no state, and does not change it. */
export function readDataFile(file: string): State | undefined {
  if (!existsSync(file)) return undefined;
  const reject = (problem: string) =>
    new EmulatorError(
      `Expected EMULATOR_DATA_FILE ${file} to hold the emulator's state, got ${problem}. It was left untouched: repair it or name another file.`,
    );
  const content = readJsonFile(file, 'Expected EMULATOR_DATA_FILE to be a readable file');
  const state = readAs('DataFile', content, reject);
  const sharedId = describeSharedId(state.tokens);
  if (sharedId !== undefined) throw reject(sharedId);
  const sequences = [...state.tokens.map(({ sequence }) => sequence), state.lastSequence + 1];
  const isOrdered = sequences.every((sequence, index) => sequence > (sequences[index - 1] ?? -Infinity));
  if (!isOrdered) throw reject('tokens out of order');
  return state;
}

/** Undefined for a file that is not JSON. Throws an EmulatorError that begins with `expected` for one that cannot be read. */
export function readJsonFile(file: string, expected: string): unknown {
  try {
    return JSON.parse(readTextFile(file, MAX_BYTES));
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new EmulatorError(`${expected}, got ${file} (${code ?? message}).`, { cause });
  }
}

/** That two tokens have one id, as the end of a sentence; undefined if each has its own. */
export function describeSharedId(tokens: readonly StoredToken[]): string | undefined {
  const ids = new Set<string>();
  const shared = tokens.find(({ token: { id } }) => ids.has(id) || !ids.add(id));
  return shared && `two tokens with the id ${JSON.stringify(shared.token.id)}`;
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

export function notWritable(file: string, cause: unknown): EmulatorError {
  const { code } = cause as NodeJS.ErrnoException;
  return new EmulatorError(`Expected EMULATOR_DATA_FILE ${file} to be writable, got ${code}.`, { cause });
}
