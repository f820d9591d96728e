import { readTextFile } from '../text-file.ts';

/** Ten thousand tokens with their projects are 20 MB. */
const MAX_BYTES = 128 * 1024 * 1024;

/** A seed or a data file as text. Throws what `describeReadError` describes. */
export function readStateFile(file: string): string {
  return readTextFile(file, MAX_BYTES);
}

/** The system's code, or why such a file is not read. */
export function describeReadError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
