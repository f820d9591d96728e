import { createHook } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type LogDestination, openLogDestination } from '../../../src/telemetry/log-destination.ts';
import { createFifo, type Fifo } from '../../support/fifo.ts';
import { timed } from '../../support/stopwatch.ts';
import { until } from '../../support/until.ts';

let fifo: Fifo;
beforeEach(() => {
  fifo = createFifo();
});
afterEach(() => fifo.remove());

const line = (number: number) => `${String(number).padStart(9, '0')}\n`;
const watch = () => {
  const events: string[] = [];
  return {
    events,
    onProblem: (cause: string) => events.push(`problem: ${cause}`),
    onRecovery: (dropped: number) => events.push(`recovery: ${dropped}`),
  };
};

describe('A log whose reader has stopped', () => {
  it('keeps what fits, counts what does not, and says once when that begins and once when it ends', async () => {
    fifo.fill();
    const { events, ...listeners } = watch();
    const log = openLogDestination(fifo.fd, { maxSize: 1000, ...listeners });
    for (let number = 0; number < 150; number++) log.write(line(number));
    expect(log.dropped()).toBe(50);
    expect(events).toEqual(['problem: the reader is too slow']);

    fifo.read();
    await log.flush(1000);
    expect(fifo.read().split('\n').filter(Boolean).map(Number)).toEqual([...Array(100).keys()]);
    expect(events).toEqual(['problem: the reader is too slow', 'recovery: 50']);

    fifo.fill();
    for (let number = 0; number < 101; number++) log.write(line(number));
    expect(log.dropped()).toBe(51);
    expect(events.at(-1)).toBe('problem: the reader is too slow');
  });

  it('loses no part of a line while the reader is only slow', async () => {
    const log = openLogDestination(fifo.fd, { maxSize: 10_000_000 });
    const count = 60_000;
    for (let number = 0; number < count; number++) log.write(line(number));
    let text = '';
    const flushed = log.flush(20_000).then(() => true);
    for (;;) {
      text += fifo.read();
      if (await Promise.race([flushed, setTimeout(3, false)])) break;
    }
    text += fifo.read();
    expect(text.split('\n').filter(Boolean).map(Number)).toEqual([...Array(count).keys()]);
    expect(log.dropped()).toBe(0);
  });

  it('has whole lines when two processes write to the same slow reader', async () => {
    const logs = ['a', 'b'].map((name) => ({
      name,
      log: openLogDestination(fifo.fd, { maxSize: 10_000_000 }),
    }));
    const lineOf = (name: string, number: number) => `${name.repeat(100 + (number % 400))}.\n`;
    for (let number = 0; number < 2000; number++)
      for (const { name, log } of logs) log.write(lineOf(name, number));
    let text = '';
    const buffer = Buffer.alloc(3000);
    const reader = openSync(fifo.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const count = () => text.split('\n').length - 1;
    await until(() => {
      try {
        text += buffer.toString('utf8', 0, readSync(reader, buffer));
      } catch {
        // EAGAIN: nothing was written meanwhile.
      }
      return count() >= 4000;
    }, 1);
    closeSync(reader);
    expect(text.split('\n').filter((each) => each !== '' && !/^(a+|b+)\.$/.test(each))).toEqual([]);
  });

  it('is tried again less and less often', async () => {
    fifo.fill();
    let timers = 0;
    const hook = createHook({
      init(_id, type) {
        if (type === 'Timeout') timers++;
      },
    }).enable();
    openLogDestination(fifo.fd, { maxSize: 1000 }).write(line(1));
    await setTimeout(1_000);
    hook.disable();
    expect(timers).toBeLessThan(50);
  });

  it('waits for it no longer than it is allowed to', async () => {
    fifo.fill();
    const log = openLogDestination(fifo.fd, { maxSize: 1000 });
    log.write(line(1));
    const { ownMs } = await timed(log.flush(100));
    expect(ownMs).toBeLessThan(500);
  });
});

describe('A log reader that leaves', () => {
  let folder: string;
  let path: string;
  let first: number;
  let fd: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-log-'));
    path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    first = openReader();
    fd = openSync(path, 'w');
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);

  /** Reads with another reader until the log is written. */
  async function readRest(log: LogDestination): Promise<string> {
    const second = openReader();
    let text = '';
    const flushed = log.flush(10_000).then(() => true);
    const buffer = Buffer.alloc(100_000);
    let isLast = false;
    do {
      isLast = await Promise.race([flushed, setTimeout(3, false)]);
      try {
        text += buffer.toString('utf8', 0, readSync(second, buffer));
      } catch {
        // EAGAIN: it is empty.
      }
    } while (!isLast);
    closeSync(second);
    return text;
  }

  it('may be followed by another, which gets whole lines', async () => {
    const { events, ...listeners } = watch();
    const log = openLogDestination(fd, { maxSize: 1_000_000, ...listeners });
    // More than a pipe holds, in lines that no power of two divides: the last one is cut.
    for (let number = 0; number < 10_000; number++) log.write(line(number));
    await setTimeout(20);
    closeSync(first);
    await until(() => events.length > 0);
    expect(events).toEqual(['problem: EPIPE']);

    const text = await readRest(log);
    expect(text).toMatch(/^(\d{9}\n)+$/);
    expect(text.endsWith(line(9_999))).toBe(true);
    expect(events).toEqual(['problem: EPIPE', 'recovery: 0']);
  });

  it('takes no line with it that is written later', async () => {
    const { events, ...listeners } = watch();
    const log = openLogDestination(fd, { maxSize: 1_000_000, ...listeners });
    closeSync(first);
    for (let number = 0; number < 10; number++) log.write(line(number));
    await until(() => events.length > 0);
    const text = await readRest(log);
    expect(text.split('\n').filter(Boolean).map(Number)).toEqual([...Array(10).keys()]);
    expect(events).toEqual(['problem: EPIPE', 'recovery: 0']);
  });
});

describe('A log on a device or a file', () => {
  it('that is full is tried again, and reported once with the cause', async () => {
    const full = openSync('/dev/full', 'w');
    const { events, ...listeners } = watch();
    const log = openLogDestination(full, { maxSize: 1000, ...listeners });
    log.write(line(0));
    await log.flush(1000);
    for (let number = 1; number < 200; number++) log.write(line(number));
    await setTimeout(1200);
    expect(events).toEqual(['problem: ENOSPC']);
    expect(log.dropped()).toBe(100);
    // The device stays open: the log goes on trying, and its descriptor must not become that of another test's socket.
  });

  it('is known to be written also by a process that could not run until the time to flush was over', async () => {
    const fd = openSync('/dev/full', 'w');
    const log = openLogDestination(fd, { maxSize: 1000 });
    log.write(line(1));
    const flushed = log.flush(200);
    await new Promise(process.nextTick);
    expect(log.isWriting()).toBe(true);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    await flushed;
    expect(log.isWriting()).toBe(false);
    // The device stays open here as well.
  });

  it('is appended to in order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-log-'));
    const path = join(folder, 'log');
    writeFileSync(path, 'before\n');
    const fd = openSync(path, 'a');
    const log = openLogDestination(fd, { maxSize: 1_000_000 });
    for (let number = 0; number < 10_000; number++) log.write(line(number));
    await log.flush(5000);
    const [first, ...rest] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(first).toBe('before');
    expect(rest.map(Number)).toEqual([...Array(10_000).keys()]);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
});
