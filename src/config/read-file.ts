/** Reads a text file whole. Throws `TextFileError`, or another error when it cannot be read. */
export type ReadFile = (path: string, maxBytes: number) => string;

/** The path names something other than a regular file of acceptable size. */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
  readonly reason: 'not-a-file' | 'too-large';

  constructor(reason: TextFileError['reason']) {
    super(reason === 'too-large' ? 'the file is too large' : 'not a regular file');
    this.reason = reason;
  }
}

const KB = 1024;
/** The largest files, at the start and when they are read again. */
export const MAX_FILE_BYTES = {
  PRIVATE_KEY_FILE: 64 * KB,
  CALLER_API_KEYS_FILE: 64 * KB,
  NODE_EXTRA_CA_CERTS: 16 * KB * KB,
  TRUSTED_DOCUMENTS: 16 * KB * KB,
} as const;

/** Completes "Expected NAME to name …" after a failed reading. Repeats nothing of the error, which contains the path. */
export function describeExpectedFile(error: unknown, maxBytes: number): string {
  if (!(error instanceof TextFileError)) return 'a file that this process can read';
  if (error.reason === 'not-a-file') return 'a regular file, got a directory, a pipe or a device';
  return `a file of at most ${maxBytes < KB * KB ? `${maxBytes / KB} KB` : `${maxBytes / KB / KB} MB`}`;
}
