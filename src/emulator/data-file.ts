import { access, constants, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readTextFile } from '../text-file.ts';
import { EmulatorError } from './reply.ts';
import type { State, StoredToken } from './store.ts';
import { stateCheck } from './validate.ts';

const VERSION = 1;
/** Ten thousand tokens with their projects are 20 MB. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Undefined if there is no such file yet. Throws an EmulatorError for one that holds no state, and does not change it. */
export function readDataFile(file: string): State | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const content = parse(text);
  const problem = findProblem(content);
  if (problem !== undefined) {
    throw new EmulatorError(
      `Expected EMULATOR_DATA_FILE ${file} to hold the emulator's state, got ${problem}. It was left untouched: repair it or name another file.`,
    );
  }
  return content as State;
}

/** A seed or a data file as text. Throws the system's error, or one for a file that is no text file of this size. */
export function readStateFile(file: string): string {
  return readTextFile(file, MAX_BYTES);
}

/** The system's error code, or why such a file is not read. */
export function describeReadError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function readIfThere(file: string): string | undefined {
  try {
    return readStateFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EmulatorError(
      `Expected EMULATOR_DATA_FILE ${file} to be readable, got ${describeReadError(cause)}.`,
      { cause },
    );
  }
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
    await writeFile(temporary, JSON.stringify({ version: VERSION, ...state }), { mode: 0o600, flush: true });
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

/** The problem of the content, as the end of a sentence; undefined if it is valid. */
function findProblem(content: unknown): string | undefined {
  if (typeof content === 'object' && content !== null && 'version' in content && content.version !== VERSION)
    return `state of version ${JSON.stringify(content.version)}, where this emulator knows version ${VERSION}`;
  const isState = stateCheck();
  if (!isState(content)) return 'something else';
  const sharedId = describeSharedId(content.tokens);
  if (sharedId !== undefined) return sharedId;
  const sequences = [...content.tokens.map(({ sequence }) => sequence), content.lastSequence + 1];
  const isOrdered = sequences.every((sequence, index) => sequence > (sequences[index - 1] ?? -Infinity));
  return isOrdered ? undefined : 'tokens out of order';
}

/** That two tokens have one id, as the end of a sentence; undefined if each has its own. */
export function describeSharedId(tokens: readonly StoredToken[]): string | undefined {
  const ids = new Set<string>();
  for (const { token } of tokens) {
    if (ids.has(token.id)) return `two tokens with the id ${JSON.stringify(token.id)}`;
    ids.add(token.id);
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
