import { describe, expect, it } from '@jest/globals';
import { createMemoryRecords } from '../../../src/state/records.ts';

const keyOf = (id: string, caller = 'alice') => ({ caller, id });
const text = (value: string) => ({ record: { text: value, ttlMs: 10_000 }, leaseMs: 0 });

/** With a clock that the test moves. */
function start(options: { maxEntries?: number; maxEntriesPerCaller?: number } = {}) {
  const clock = { ms: 0 };
  const records = createMemoryRecords({ ...options, now: () => clock.ms });
  const keep = async (id: string, caller?: string) => {
    await records.acquire(keyOf(id, caller), id, 1000);
    await records.change(keyOf(id, caller), id, text(id));
  };
  return { clock, records, keep };
}

describe('The lease on a record', () => {
  it('is held by one owner at a time, until it gives it back', async () => {
    const { clock, records } = start();
    expect(await records.acquire(keyOf('k'), 'one', 1000)).toMatchObject({ isAcquired: true });
    clock.ms = 400;
    expect(await records.acquire(keyOf('k'), 'two', 1000)).toEqual({
      record: undefined,
      isAcquired: false,
      heldForMs: 600,
    });
    await records.change(keyOf('k'), 'one', { leaseMs: 0 });
    expect(await records.acquire(keyOf('k'), 'two', 1000)).toMatchObject({ isAcquired: true });
  });

  it('ends by itself, and then its owner changes nothing any more', async () => {
    const { clock, records } = start();
    await records.acquire(keyOf('k'), 'one', 1000);
    clock.ms = 1000;
    expect(await records.change(keyOf('k'), 'one', text('late'))).toBe(false);
    expect(await records.acquire(keyOf('k'), 'two', 1000)).toMatchObject({
      record: undefined,
      isAcquired: true,
    });
    expect(await records.change(keyOf('k'), 'one', text('late'))).toBe(false);
    expect(await records.change(keyOf('k'), 'one', { leaseMs: 0 })).toBe(false);
    expect(await records.change(keyOf('k'), 'two', text('in time'))).toBe(true);
    expect(await records.acquire(keyOf('k'), 'three', 1)).toMatchObject({ record: 'in time' });
  });

  it('can be made longer and shorter', async () => {
    const { clock, records } = start();
    await records.acquire(keyOf('k'), 'one', 1000);
    await records.change(keyOf('k'), 'one', { leaseMs: 5000 });
    clock.ms = 4999;
    expect(await records.acquire(keyOf('k'), 'two', 1000)).toMatchObject({ isAcquired: false, heldForMs: 1 });
  });
});

describe('A record', () => {
  it('is kept for its time to live', async () => {
    const { clock, records, keep } = start();
    await keep('k');
    clock.ms = 9999;
    expect(await records.acquire(keyOf('k'), 'two', 1)).toMatchObject({ record: 'k' });
    clock.ms = 10_000;
    expect(await records.acquire(keyOf('k'), 'three', 1)).toMatchObject({ record: undefined });
  });

  it('can be deleted with the lease', async () => {
    const { records, keep } = start();
    await keep('k');
    await records.acquire(keyOf('k'), 'two', 1000);
    await records.change(keyOf('k'), 'two', { leaseMs: 0, record: null });
    expect(await records.acquire(keyOf('k'), 'three', 1)).toMatchObject({ record: undefined });
  });
});

describe('Where there is no more room', () => {
  it('a new key is rejected, and no record is dropped before its time', async () => {
    const { clock, records, keep } = start({ maxEntries: 2 });
    await keep('a', 'alice');
    await keep('b', 'bob');
    await expect(keep('c', 'carol')).rejects.toMatchObject({ name: 'StateUnavailable', isFull: true });
    expect(await records.acquire(keyOf('a'), 'again', 1000)).toMatchObject({ record: 'a', isAcquired: true });
    clock.ms = 10_000;
    await keep('c', 'carol');
  });

  it('a record that was written again does not keep the expired ones', async () => {
    const { clock, keep } = start({ maxEntries: 2 });
    await keep('a', 'alice');
    await keep('b', 'bob');
    clock.ms = 9000;
    await keep('a', 'alice');
    clock.ms = 10_000;
    await keep('c', 'carol');
  });

  it('for one caller, other callers still have room', async () => {
    const { clock, keep } = start({ maxEntries: 100, maxEntriesPerCaller: 2 });
    await keep('a');
    await keep('b');
    await expect(keep('c')).rejects.toMatchObject({ isFull: true });
    await keep('d', 'bob');
    clock.ms = 10_000;
    await keep('c');
  });

  it('a lease that is released without a record takes no room', async () => {
    const { records, keep } = start({ maxEntriesPerCaller: 1 });
    await records.acquire(keyOf('a'), 'one', 1000);
    await records.change(keyOf('a'), 'one', { leaseMs: 0 });
    await keep('b');
  });

  it('a rejection costs as much with 100 000 entries as with 100', async () => {
    /** The quickest of twenty rounds, as a busy machine only ever makes one slower. */
    const rejectionMs = async (maxEntries: number) => {
      const { keep } = start({ maxEntries, maxEntriesPerCaller: maxEntries });
      for (let entry = 0; entry < maxEntries; entry++) await keep(`${entry}`);
      let quickest = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 20; round++) {
        const startedAt = performance.now();
        for (let tries = 0; tries < 50; tries++) await keep(`more ${tries}`).catch(() => undefined);
        quickest = Math.min(quickest, performance.now() - startedAt);
      }
      return quickest;
    };
    // Going through the entries would cost a thousand times as much.
    expect((await rejectionMs(100_000)) / (await rejectionMs(100))).toBeLessThan(50);
  });
});
