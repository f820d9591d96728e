import { describe, expect, it } from '@jest/globals';
import { createListFirst } from '../../src/upstream/list-first.ts';

const alice = { identity: 'a'.repeat(64) };
const bob = { identity: 'b'.repeat(64) };

describe('Whether to list first', () => {
  it.each([
    [4, 3, false],
    [4, 4, true],
    [0, 100, false],
  ])('with a minimum of %i and %i ids: %s', (min, ids, expected) => {
    expect(createListFirst({ min }).isWorthwhile(alice, ids)).toBe(expected);
  });

  it.each([
    ['the list goes on', { hasMore: true, missed: false }],
    ['an id was missing', { hasMore: false, missed: true }],
  ])('is learned per caller: not when %s', (_title, outcome) => {
    const listFirst = createListFirst({ min: 4 });
    listFirst.learn(alice, outcome);
    expect(listFirst.isWorthwhile(alice, 10)).toBe(false);
    expect(listFirst.isWorthwhile(bob, 10)).toBe(true);
  });

  it('is tried again after five minutes', () => {
    let now = 0;
    const listFirst = createListFirst({ min: 4, now: () => now });
    listFirst.learn(alice, { hasMore: true, missed: false });
    now = 300_000;
    expect(listFirst.isWorthwhile(alice, 10)).toBe(true);
  });

  it('is remembered for a bounded number of callers, the latest ones', () => {
    const listFirst = createListFirst({ min: 4, maxCallers: 1 });
    listFirst.learn(alice, { hasMore: true, missed: false });
    listFirst.learn(bob, { hasMore: true, missed: false });
    expect([listFirst.isWorthwhile(alice, 10), listFirst.isWorthwhile(bob, 10)]).toEqual([true, false]);
  });
});
