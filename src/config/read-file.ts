/** Reads a text file whole. Throws `TextFileError`, or another error when it cannot be read. */
export type ReadFile = (path: string, maxBytes: number) => string;

/** The path names something other than a regular file of acceptable size. The message says what, without the path. */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
}

const KB = 1024;
/** The largest files, at the start and when they are read again. */
export const MAX_FILE_BYTES = {
  PRIVATE_KEY_FILE: 64 * KB,
  CALLER_API_KEYS_FILE: 64 * KB,
  NODE_EXTRA_CA_CERTS: 16 * KB * KB,
  TRUSTED_DOCUMENTS: 16 * KB * KB,
} as const;
