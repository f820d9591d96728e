import { closeSync, constants, fstatSync, openSync, readFileSync, unwatchFile, watchFile } from 'node:fs';
import { TextFileError } from './config/read-file.ts';

/**
 * Reads a regular file of at most `maxBytes` as UTF-8, without a byte order mark. A pipe, a device or a directory is
 * rejected: opening or reading one may never end. Throws `TextFileError`, or the system's error.
 */
export function readTextFile(path: string, maxBytes: number): string {
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new TextFileError('not-a-file');
    if (stats.size > maxBytes) throw new TextFileError('too-large');
    const bytes = readFileSync(file);
    // Virtual files, such as those in `/proc`, have the size 0.
    if (bytes.length > maxBytes) throw new TextFileError('too-large');
    return bytes.toString('utf8').replace(/^\ufeff/, '');
  } finally {
    closeSync(file);
  }
}

interface WatchOptions {
  readonly maxBytes: number;
  /** Called with the text of a file that may have changed. An error that it throws goes to `onFailure`. */
  readonly onText: (text: string) => void;
  /** Called when the file cannot be read, or its text cannot be used. */
  readonly onFailure: (reason: string) => void;
}

const POLL_MS = 1000;

/**
 * Reads a file again whenever it changes, and once after a second, since it may have changed after its first reading. The
 * file is polled every second: notifications are lost when a link is changed to another file, as Kubernetes does with its
 * volumes. Returns the function that ends it.
 */
export function watchTextFile(path: string, { maxBytes, onText, onFailure }: WatchOptions): () => void {
  const reload = () => {
    try {
      onText(readTextFile(path, maxBytes));
    } catch (error) {
      onFailure(error instanceof Error && !('code' in error) ? error.message : 'The file cannot be read');
    }
  };
  watchFile(path, { interval: POLL_MS, persistent: false }, reload);
  const timer = setTimeout(reload, POLL_MS).unref();
  return () => {
    unwatchFile(path, reload);
    clearTimeout(timer);
  };
}
