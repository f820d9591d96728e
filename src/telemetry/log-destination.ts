import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';

interface LogDestinationOptions {
  /** Limit of the buffer: characters that wait, and bytes that are being written. */
  readonly maxSize: number;
  /** Called once when writing fails or the first line is dropped, until everything is written again. */
  readonly onProblem?: (cause: string) => void;
  /** Called when everything is written again, with the number of lines dropped since `onProblem`. */
  readonly onRecovery?: (dropped: number) => void;
}

/** A batch is written when it has this many characters, or when its first line is this old. */
const BATCH_SIZE = 65_536;
const BATCH_MS = 100;
/** Bytes that Linux writes to a pipe in one piece (POSIX, "write"). */
const PIPE_BUF = 4096;
/** Delays between attempts: a slow reader is tried again soon and then less often, a full disk once a second. */
const BUSY_MS = { min: 2, max: 100 };
const FAILED_MS = 1_000;

export type LogDestination = ReturnType<typeof openLogDestination>;

/**
 * Opens a file descriptor, usually 1 or 2, which may be a file, pipe, socket, terminal or device, and writes to it from a
 * buffer of limited size. No method of the result throws or waits for the reader.
 */
export function openLogDestination(fd: number, options: LogDestinationOptions) {
  const { maxSize, onProblem = () => {}, onRecovery = () => {} } = options;
  const writeSome = openWriter(fd);
  /** Lines that wait. */
  let queue = '';
  /** Bytes of the batch that is being written. */
  let unwritten = 0;
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isWriting = false;
  let busyMs = BUSY_MS.min;
  let dropped = 0;
  /** Value of `dropped` when the present problem began. */
  let droppedBefore: number | undefined;
  const flushes = new Set<() => void>();

  /** Writes the queue. A few lines that come meanwhile wait for the timer: a write costs more than they do. */
  async function run(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (isRunning) return;
    isRunning = true;
    do {
      const batch = Buffer.from(queue);
      queue = '';
      await writeAll(batch);
    } while (
      queue.length >= BATCH_SIZE ||
      (queue !== '' && (flushes.size > 0 || droppedBefore !== undefined))
    );
    isRunning = false;
    if (queue !== '') return runLater();
    endFlushes();
    if (droppedBefore === undefined) return;
    const lost = dropped - droppedBefore;
    droppedBefore = undefined;
    onRecovery(lost);
  }

  function runLater(): void {
    timer ??= setTimeout(run, BATCH_MS).unref();
  }

  async function writeAll(bytes: Buffer): Promise<void> {
    let offset = 0;
    for (unwritten = bytes.length; unwritten > 0; unwritten = bytes.length - offset) {
      let code: string | undefined;
      isWriting = true;
      try {
        offset += await writeSome(bytes, offset);
        busyMs = BUSY_MS.min;
      } catch (error) {
        code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      }
      isWriting = false;
      // The reader left after the beginning of a line. The next reader gets the whole line.
      if (code === 'EPIPE') offset = bytes.subarray(0, offset).lastIndexOf('\n') + 1;
      if (code !== undefined) await afterFailure(code);
    }
  }

  async function afterFailure(code: string): Promise<void> {
    let pauseMs = FAILED_MS;
    if (code === 'EAGAIN') {
      pauseMs = busyMs;
      busyMs = Math.min(busyMs * 2, BUSY_MS.max);
    } else {
      beginProblem(code);
      endFlushes();
    }
    await sleep(pauseMs, undefined, { ref: false });
  }

  function beginProblem(cause: string): void {
    if (droppedBefore !== undefined) return;
    droppedBefore = dropped;
    onProblem(cause);
  }

  /** Called when nothing is left to write, or nothing can be written now. */
  function endFlushes(): void {
    for (const resolve of flushes) resolve();
    flushes.clear();
  }

  return {
    /** Takes one or more lines that end with a newline. Lines are dropped and counted while the buffer is full. */
    write(lines: string): void {
      if (queue.length + unwritten + lines.length > maxSize) {
        beginProblem('the reader is too slow');
        dropped += lines.split('\n').length - 1;
        return;
      }
      queue += lines;
      if (isRunning) return;
      if (queue.length >= BATCH_SIZE) void run();
      else runLater();
    },
    /** Resolves when everything is written, when writing fails, or after `timeoutMs`. */
    flush(timeoutMs: number): Promise<void> {
      return new Promise((resolve) => {
        // The timeout has two halves, so that a process that was suspended during the first still learns in the second that
        // a write has ended.
        let timeout = setTimeout(() => {
          timeout = setTimeout(resolve, timeoutMs / 2);
        }, timeoutMs / 2);
        flushes.add(() => {
          clearTimeout(timeout);
          resolve();
        });
        void run();
      });
    },
    /** Whether a thread is busy with a write: ending the process waits for that thread. */
    isWriting: () => isWriting,
    dropped: () => dropped,
  };
}

/**
 * Returns the function that writes some of the bytes behind an offset, and resolves to how many, or rejects with the system's
 * error.
 *
 * Pipes and terminals are opened anew and written without blocking: a thread that waits for a reader could not be ended, and
 * `process.exit` waits for all threads. Files and sockets cannot be, so they get a thread. Processes that share a socket also
 * share whether it blocks, and Node.js makes it block whenever it starts another one, or ends.
 */
function openWriter(fd: number) {
  const own = openNonBlocking(fd);
  const isShared = own === undefined && shareNonBlocking(fd);
  return async (bytes: Buffer, offset: number): Promise<number> => {
    const size = own === undefined && !isShared ? bytes.length - offset : sizeOfWholeLines(bytes, offset);
    if (own !== undefined) return writeSync(own, bytes, offset, size);
    return (await writeInThread(fd, bytes, offset, size, null)).bytesWritten;
  };
}

const writeInThread = promisify(write);

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

/** A non-blocking descriptor of the same pipe or terminal. Undefined for anything else, or if there is none. */
function openNonBlocking(fd: number): number | undefined {
  try {
    if (!fstatSync(fd).isFIFO() && !isatty(fd)) return undefined;
    // On Linux this opens the file anew, so the descriptors of other processes that share stdout stay blocking.
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

/** Node.js makes a descriptor non-blocking when a socket is made of it. The socket is not used otherwise. */
function shareNonBlocking(fd: number): boolean {
  try {
    new Socket({ fd, readable: false, writable: true }).unref();
    return true;
  } catch {
    return false;
  }
}
