import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createLastWriteLookUp, createWriteMarks } from '../../../src/state/shared-writes.ts';

describe('What the primary process knows of writes', () => {
  it('is the age of the last one of each identity, for a minute', async () => {
    let now = 0;
    const marks = createWriteMarks(() => now);
    await marks.report('alice');
    now = 10_000;
    await marks.report('bob');
    expect(await marks.sinceLast('alice')).toBe(10_000);
    now = 60_001;
    expect(await marks.sinceLast('alice')).toBeUndefined();
    expect(await marks.sinceLast('bob')).toBe(50_001);
  });

  it('assumes a write for identities beyond its limit', async () => {
    let now = 0;
    const marks = createWriteMarks(() => now);
    await marks.report('alice');
    for (let other = 0; other < 100_000; other++) await marks.report(`caller ${other}`);
    now = 1000;
    expect(await marks.sinceLast('alice')).toBe(1000);
  });
});

describe('A request', () => {
  it('is not coalesced when the shared state is unreachable', async () => {
    const report = async () => {};
    const unreachable = { report, sinceLast: () => Promise.reject(new Error('no reply')) };
    expect(await createLastWriteLookUp(unreachable)('alice')).toBe(Number.POSITIVE_INFINITY);
  });

  it('looks a write up once for the reads that it begins at once, and again for those that follow', async () => {
    const lookedUp: string[] = [];
    const sinceLast = async (identity: string) => void lookedUp.push(identity);
    const lastWriteAt = createLastWriteLookUp({ report: async () => {}, sinceLast });
    await Promise.all(['alice', 'alice', 'bob', 'alice'].map(lastWriteAt));
    expect(lookedUp).toEqual(['alice', 'bob']);
    await setImmediate();
    await lastWriteAt('alice');
    expect(lookedUp).toEqual(['alice', 'bob', 'alice']);
  });
});
