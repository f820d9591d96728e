import { closeSync, constants, fstatSync, openSync, readSync, unwatchFile, watchFile } from 'node:fs';
import { TextFileError } from './config/read-file.ts';

/**
 * Reads a regular file of at most `maxBytes` as UTF-8, without a byte order mark. Rejects pipes, devices and directories,
 * because opening or reading one may never end. Throws `TextFileError`, or the system's error.
 */
export function readTextFile(path: string, maxBytes: number): string {
  // Without O_NONBLOCK, opening a pipe would wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new TextFileError('not a regular file');
    // Virtual files, such as those in `/proc`, have the size 0, and some of them have no end.
    const bytes = readBytes(file, Math.min(stats.size || Number.POSITIVE_INFINITY, maxBytes + 1));
    if (bytes.length > maxBytes) throw new TextFileError(`too large: ${maxBytes / 1024} KB at most`);
    return bytes.toString('utf8').replace(/^\ufeff/, '');
  } finally {
    closeSync(file);
  }
}

/** The first `max` bytes, or the whole file if it has fewer. */
function readBytes(file: number, max: number): Buffer {
  const bytes = Buffer.allocUnsafe(max);
  let length = 0;
  for (let read = 1; read > 0 && length < max; length += read)
    read = readSync(file, bytes, length, max - length, null);
  return bytes.subarray(0, length);
}

interface WatchOptions {
  readonly maxBytes: number;
  /** The text that is in use. */
  readonly text: string;
  /** Called with each new text. An error that it throws goes to `onFailure`. */
  readonly onText: (text: string) => void;
  /** Called when the file cannot be read, or its text cannot be used. */
  readonly onFailure: (reason: string) => void;
}

const POLL_MS = 1000;

/**
 * Reads a file again when it changes, once after the first second (it may have changed after the first reading), and every
 * second while it cannot be read (the cause, such as too many open files, may pass). It polls the file every second, because
 * notifications are lost when a link is changed to another file, as Kubernetes does. Returns the function that ends it.
 */
export function watchTextFile(path: string, options: WatchOptions): () => void {
  const { maxBytes, onText, onFailure } = options;
  /** The latest text, whether it can be used or not. Undefined while the file cannot be read. */
  let seen: string | undefined = options.text;
  let timer: NodeJS.Timeout | undefined;
  /** The system's error code of the last reading, if it failed. */
  let unreadable: string | undefined;
  const reload = () => {
    clearTimeout(timer);
    try {
      const text = readTextFile(path, maxBytes);
      unreadable = undefined;
      if (text === seen) return;
      seen = text;
      onText(text);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) return onFailure(message);
      if (code !== unreadable) onFailure(`The file cannot be read (${code})`);
      unreadable = code;
      seen = undefined;
      reloadLater();
    }
  };
  const reloadLater = () => {
    timer = setTimeout(reload, POLL_MS).unref();
  };
  watchFile(path, { interval: POLL_MS, persistent: false }, reload);
  reloadLater();
  return () => {
    unwatchFile(path, reload);
    clearTimeout(timer);
  };
}
