import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A named pipe. Nobody reads it until `read` is called. */
export interface Fifo {
  readonly path: string;
  /** Open for reading and writing, so that opening it for writing never waits. */
  readonly fd: number;
  /** Writes until not one byte fits any more. */
  fill(): void;
  /** Takes what is in it now. */
  read(): string;
  remove(): void;
}

export function createFifo(): Fifo {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-fifo-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const open = () => openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  // A process that gets `fd` as its stdout makes it block, for everybody who shares that opening of the pipe.
  const fd = open();
  const own = open();
  return {
    path,
    fd,
    fill() {
      for (const size of [4096, 1]) {
        try {
          for (;;) writeSync(own, Buffer.alloc(size, '\n'));
        } catch {
          // EAGAIN: it is full.
        }
      }
    },
    read() {
      const buffer = Buffer.alloc(65_536);
      let text = '';
      try {
        for (let length = 1; length > 0; text += buffer.toString('utf8', 0, length))
          length = readSync(own, buffer);
      } catch {
        // EAGAIN: it is empty.
      }
      return text;
    },
    remove() {
      closeSync(fd);
      closeSync(own);
      rmSync(folder, { recursive: true });
    },
  };
}
