import { describe, expect, it } from '@jest/globals';
import { type Cancellation, CancellationSource, type Deadline } from '../../../src/upstream/cancellation.ts';
import { createSingleFlight } from '../../../src/upstream/single-flight.ts';

/** Work that settles when the test says so. */
function createWork() {
  const runs: { finish(value: string): void; isStopped(): boolean }[] = [];
  const start = ({ cancellation }: Deadline) =>
    new Promise<string>((resolve) => {
      runs.push({ finish: resolve, isStopped: () => cancellation.reason !== undefined });
    });
  return { runs, start };
}

/** A request that waits until it is cancelled. */
const waiter = (cancellation: Cancellation = new CancellationSource()) => ({
  cancellation,
  expired: cancellation,
  remainingMs: () => 1000,
});

describe('Work that is shared', () => {
  it('accepts no request after its last waiter has left, even while it is still ending', async () => {
    const flight = createSingleFlight();
    const { runs, start } = createWork();
    const first = new CancellationSource();
    const left = flight.run('alice', 'key', waiter(first), start).catch(() => 'left');
    first.cancel('aborted');
    expect(await left).toBe('left');
    expect(runs[0]?.isStopped()).toBe(true);
    const second = flight.run('alice', 'key', waiter(), start);
    expect(runs).toHaveLength(2);
    runs[1]?.finish('second');
    expect(await second).toBe('second');
    expect(flight.counts).toEqual({ started: 2, coalesced: 0 });
  });

  it('that was cancelled does not take the place of its successor when it ends', async () => {
    const flight = createSingleFlight();
    const { runs, start } = createWork();
    const first = new CancellationSource();
    flight.run('alice', 'key', waiter(first), start).catch(() => 'left');
    // Another key keeps the entries of this identity in one place.
    void flight.run('alice', 'other', waiter(), start);
    first.cancel('aborted');
    const second = flight.run('alice', 'key', waiter(), start);
    runs[0]?.finish('too late');
    await new Promise((resolve) => setImmediate(resolve));
    const third = flight.run('alice', 'key', waiter(), start);
    expect(runs).toHaveLength(3);
    runs[2]?.finish('successor');
    expect(await Promise.all([second, third])).toEqual(['successor', 'successor']);
  });
});

describe('Where another process may have written', () => {
  it('a request is coalesced only with work that began after the last write', async () => {
    let time = 1000;
    let writtenAt = 0;
    const flight = createSingleFlight({ lastWriteAt: async () => writtenAt, now: () => time });
    const { runs, start } = createWork();
    const run = (lastWriteAt: number) => {
      writtenAt = lastWriteAt;
      return flight.run('alice', 'key', waiter(), start);
    };
    const old = run(0);
    time = 2000;
    const joined = run(999);
    const newer = run(1500);
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toHaveLength(2);
    time = 3000;
    const joinedNewer = run(1500);
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toHaveLength(2);
    runs[0]?.finish('before the write');
    runs[1]?.finish('after the write');
    expect(await Promise.all([old, joined, newer, joinedNewer])).toEqual([
      'before the write',
      'before the write',
      'after the write',
      'after the write',
    ]);
  });

  it('a request whose client leaves while the last write is looked up starts nothing', async () => {
    const flight = createSingleFlight({ lastWriteAt: () => new Promise(() => {}) });
    const { runs, start } = createWork();
    void flight.run('alice', 'key', waiter(), start);
    const cancellation = new CancellationSource();
    const left = flight.run('alice', 'key', waiter(cancellation), start);
    cancellation.cancel('timeout');
    await expect(left).rejects.toMatchObject({ kind: 'timeout' });
    expect(runs).toHaveLength(1);
  });
});
