import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { TextFileError } from './config/read-file.ts';

/**
 * Reads a regular file of at most `maxBytes` as UTF-8, without a byte order mark. A pipe, a device or a directory is
 * refused: opening or reading one may never end. Throws `TextFileError`, or the system's error.
 */
export function readTextFile(path: string, maxBytes: number): string {
  // Without O_NONBLOCK, opening a pipe waits for somebody to write to it.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new TextFileError('not-a-file');
    if (stats.size > maxBytes) throw new TextFileError('too-large');
    return toText(readAtMost(file, maxBytes, stats.size));
  } finally {
    closeSync(file);
  }
}

/** The size may be 0 for files that the system makes as they are read, and change meanwhile for others. */
function readAtMost(file: number, maxBytes: number, size: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.alloc(Math.max(4096, Math.min(maxBytes, size) + 1 - total));
    const length = readSync(file, chunk);
    if (length === 0) return Buffer.concat(chunks);
    total += length;
    if (total > maxBytes) throw new TextFileError('too-large');
    chunks.push(chunk.subarray(0, length));
  }
}

function toText(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}
