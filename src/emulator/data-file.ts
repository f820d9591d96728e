import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { EmulatorError } from './errors.ts';
import { describeReadError, readStateFile } from './state-file.ts';
import type { State } from './store.ts';
import { isState } from './validate.ts';

/** Undefined if there is no such file yet. A file that can't be read as state is refused and left as it is. */
export function readDataFile(file: string): State | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const state = parse(text);
  if (!isState(state)) {
    throw new EmulatorError(
      `Expected EMULATOR_DATA_FILE ${file} to hold the emulator's state, got something else. It was left untouched: repair it or name another file.`,
    );
  }
  return state;
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
 * Returns a function that resolves when a file written *after* the call is safely on disk.
 * Writes that arrive while a file is being written share the next one, so a burst of creates costs two or three
 * files, not one each. The order (temporary file, fsync, rename, fsync of the directory) is what makes a kill -9
 * or a power cut leave either the old file or the new one.
 */
export function createCommit(file: string, readState: () => State): () => Promise<void> {
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        current = writeAtomically(file, JSON.stringify({ version: 1, ...readState() })).catch((cause) => {
          throw new EmulatorError(`Expected EMULATOR_DATA_FILE ${file} to be writable, got ${cause.code}.`, {
            cause,
          });
        });
        return current;
      });
    return next;
  };
}

async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await withHandle(temporary, 'w', async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
  await rename(temporary, file);
  await withHandle(path.dirname(file), 'r', (handle) => handle.sync());
}

async function withHandle(
  file: string,
  flags: string,
  use: (handle: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
