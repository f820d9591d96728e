import { describe, expect, it } from '@jest/globals';
import { createListPrefetch } from '../../../src/tokens/loaders.ts';

const alice = 'a'.repeat(64);
const bob = 'b'.repeat(64);

describe('The prefetch of a list', () => {
  it.each([
    [4, 3, false],
    [4, 4, true],
    [0, 100, false],
  ])('with a minimum of %i is made for %i ids: %s', (min, ids, expected) => {
    expect(createListPrefetch(min).shouldPrefetch(alice, ids)).toBe(expected);
  });

  it.each([
    ['a list with another page', { wanted: 4, found: 4, hasMore: true }],
    ['a list without one of the ids', { wanted: 4, found: 3, hasMore: false }],
  ])('is off for a caller after %s', (_title, outcome) => {
    const listPrefetch = createListPrefetch(4);
    listPrefetch.record(alice, outcome);
    expect(listPrefetch.shouldPrefetch(alice, 10)).toBe(false);
    expect(listPrefetch.shouldPrefetch(bob, 10)).toBe(true);
  });

  it('counts the ids that the list had, and those that it lacked', () => {
    const listPrefetch = createListPrefetch(4);
    listPrefetch.record(alice, { wanted: 10, found: 8, hasMore: false });
    listPrefetch.record(bob, { wanted: 4, found: 4, hasMore: false });
    expect(listPrefetch.counts).toEqual({ hits: 12, misses: 2 });
  });

  it('is tried again after five minutes', () => {
    let now = 1;
    const listPrefetch = createListPrefetch(4, () => now);
    listPrefetch.record(alice, { wanted: 4, found: 4, hasMore: true });
    now = 300_000;
    expect(listPrefetch.shouldPrefetch(alice, 10)).toBe(false);
    now = 300_002;
    expect(listPrefetch.shouldPrefetch(alice, 10)).toBe(true);
  });

  it('is remembered for a bounded number of callers, the latest ones', () => {
    const listPrefetch = createListPrefetch(4);
    listPrefetch.record(alice, { wanted: 4, found: 4, hasMore: true });
    for (let caller = 1; caller < 10_000; caller++)
      listPrefetch.record(`caller ${caller}`, { wanted: 4, found: 4, hasMore: true });
    listPrefetch.record(bob, { wanted: 4, found: 4, hasMore: true });
    expect([listPrefetch.shouldPrefetch(alice, 10), listPrefetch.shouldPrefetch(bob, 10)]).toEqual([
      true,
      false,
    ]);
  });
});
