import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/** Stdout or stderr behind a buffer of limited size. No method throws, and none waits for the reader. */
export interface LogDestination {
  /** Takes one or more lines that end with a newline. Lines are dropped and counted while the buffer is full. */
  write(lines: string): void;
  /** Resolves when everything is written, when writing fails, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
  /** Whether a thread is busy with a write: ending the process waits for that thread. */
  isWriting(): boolean;
  /** Lines dropped since the start. */
  dropped(): number;
}

interface LogDestinationOptions {
  /** Limit of buffered characters. */
  readonly maxSize: number;
  /** Called once when writing fails or the first line is dropped, until everything is written again. */
  readonly onProblem?: (cause: string) => void;
  /** Called when everything is written again, with the number of lines dropped since `onProblem`. */
  readonly onRecovery?: (dropped: number) => void;
}

/** A batch is written when it has this many characters, or when its first line is this old. */
const BATCH_SIZE = 16_384;
const BATCH_MS = 100;
const MAX_WRITE_SIZE = 65_536;
/** Bytes that Linux writes to a pipe in one piece (POSIX, "write"). */
const PIPE_BUF = 4096;
/** A reader that is slow is tried again soon, and then less often. A disk that is full is tried once a second. */
const BUSY_MS = { min: 2, max: 100 };
const FAILED_MS = 1_000;

/** Opens a file descriptor, usually 1 or 2, whatever it is: file, pipe, socket, terminal or device. */
export function openLogDestination(fd: number, options: LogDestinationOptions): LogDestination {
  const { maxSize, onProblem = () => {}, onRecovery = () => {} } = options;
  const writeBytes = openWriter(fd);
  const queue: string[] = [];
  let size = 0;
  let batch: { readonly bytes: Buffer; readonly size: number; offset: number } | undefined;
  let state: 'idle' | 'writing' | 'waiting' = 'idle';
  let timer: NodeJS.Timeout | undefined;
  let busyMs = BUSY_MS.min;
  let dropped = 0;
  /** Value of `dropped` when the present problem began. */
  let droppedBefore: number | undefined;
  const flushes = new Set<() => void>();

  function later(ms: number): void {
    timer = setTimeout(() => {
      timer = undefined;
      state = 'idle';
      writeNext();
    }, ms);
    timer.unref();
  }

  function writeNext(): void {
    if (state !== 'idle') return;
    clearTimeout(timer);
    timer = undefined;
    batch ??= takeBatch(queue);
    if (batch) {
      state = 'writing';
      writeBytes(batch.bytes, batch.offset, onWritten);
    } else settle();
  }

  function onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    state = 'idle';
    if (!batch) return;
    if (error) {
      onFailure(batch, error.code ?? 'unknown error');
      return;
    }
    busyMs = BUSY_MS.min;
    batch.offset += written;
    if (batch.offset >= batch.bytes.length) {
      size -= batch.size;
      batch = undefined;
    }
    // A batch for every few lines would cost more than the lines.
    const isWaiting = batch !== undefined || flushes.size > 0 || droppedBefore !== undefined;
    if (isWaiting || size === 0 || size >= BATCH_SIZE) writeNext();
    else later(BATCH_MS);
  }

  function onFailure(failed: NonNullable<typeof batch>, code: string): void {
    state = 'waiting';
    if (code === 'EAGAIN') {
      later(busyMs);
      busyMs = Math.min(busyMs * 2, BUSY_MS.max);
      return;
    }
    // The reader left after the beginning of a line. The next reader gets the whole line.
    if (code === 'EPIPE') failed.offset = failed.bytes.lastIndexOf('\n', failed.offset - 1) + 1;
    beginProblem(code);
    later(FAILED_MS);
    settle();
  }

  function beginProblem(cause: string): void {
    if (droppedBefore !== undefined) return;
    droppedBefore = dropped;
    onProblem(cause);
  }

  /** Nothing is left to write, or it cannot be written now. */
  function settle(): void {
    for (const resolve of flushes) resolve();
    flushes.clear();
    if (size > 0 || droppedBefore === undefined) return;
    const lost = dropped - droppedBefore;
    droppedBefore = undefined;
    onRecovery(lost);
  }

  return {
    write(lines) {
      if (size + lines.length > maxSize) {
        beginProblem('the reader is too slow');
        dropped += countLines(lines);
        return;
      }
      queue.push(lines);
      size += lines.length;
      if (size >= BATCH_SIZE) writeNext();
      else if (state === 'idle' && timer === undefined) later(BATCH_MS);
    },
    flush(timeoutMs) {
      return new Promise((resolve) => {
        // In two halves: a process that was held up for all of this time still has the second to learn that a write has ended.
        let timeout = setTimeout(() => {
          timeout = setTimeout(resolve, timeoutMs / 2);
        }, timeoutMs / 2);
        flushes.add(() => {
          clearTimeout(timeout);
          resolve();
        });
        writeNext();
      });
    },
    isWriting: () => state === 'writing',
    dropped: () => dropped,
  };
}

function takeBatch(queue: string[]) {
  let size = 0;
  let count = 0;
  for (const lines of queue) {
    if (count > 0 && size + lines.length > MAX_WRITE_SIZE) break;
    size += lines.length;
    count++;
  }
  return count === 0 ? undefined : { bytes: Buffer.from(queue.splice(0, count).join('')), size, offset: 0 };
}

function countLines(lines: string): number {
  return lines.split('\n').length - 1;
}

type Write = (
  bytes: Buffer,
  offset: number,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

/**
 * Pipes, sockets and terminals are written without blocking: a thread that waits for a reader could not be ended, and
 * `process.exit` waits for all threads. Files cannot be written that way, so they get a thread.
 */
function openWriter(fd: number): Write {
  const nonBlocking = openNonBlocking(fd);
  if (nonBlocking === undefined)
    return (bytes, offset, done) => write(fd, bytes, offset, bytes.length - offset, null, done);
  return (bytes, offset, done) => {
    let end = offset;
    try {
      while (end < bytes.length) end += writeSync(nonBlocking, bytes, end, sizeOfWholeLines(bytes, end));
    } catch (error) {
      // The next write meets the error again if a part was written before it.
      if (end === offset) {
        done(error as NodeJS.ErrnoException, 0);
        return;
      }
    }
    done(null, end - offset);
  };
}

/**
 * Size of the next write: as many whole lines as a pipe takes completely or not at all. Larger writes are split when the
 * reader is slow, and the lines of another worker, which has the same pipe, could come in between.
 */
function sizeOfWholeLines(bytes: Buffer, start: number): number {
  if (bytes.length - start <= PIPE_BUF) return bytes.length - start;
  const lastEnd = bytes.lastIndexOf('\n', start + PIPE_BUF - 1);
  const end = lastEnd < start ? bytes.indexOf('\n', start) : lastEnd;
  return end + 1 - start;
}

/** A descriptor of the same pipe, socket or terminal that never blocks. Undefined: it is none of these, or there is no way. */
function openNonBlocking(fd: number): number | undefined {
  const isTerminal = isatty(fd);
  try {
    const stats = fstatSync(fd);
    if (stats.isSocket()) return shareNonBlocking(fd);
    if (!stats.isFIFO() && !isTerminal) return undefined;
    // On Linux this is an open file of its own: other processes that share stdout keep theirs as it is.
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return isTerminal ? undefined : shareNonBlocking(fd);
  }
}

/** Node.js makes a descriptor non-blocking when a socket is made of it. The socket is not used otherwise. */
function shareNonBlocking(fd: number): number | undefined {
  try {
    new Socket({ fd, readable: false, writable: true }).unref();
    return fd;
  } catch {
    return undefined;
  }
}
