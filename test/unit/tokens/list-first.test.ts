import { describe, expect, it } from '@jest/globals';
import { createListFirst } from '../../../src/tokens/list-prefetch.ts';

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
    ['the list goes on', { asked: 4, found: 4, hasMore: true }],
    ['an id was missing', { asked: 4, found: 3, hasMore: false }],
  ])('is learned per caller: not when %s', (_title, outcome) => {
    const listFirst = createListFirst({ min: 4 });
    listFirst.learn(alice, outcome);
    expect(listFirst.isWorthwhile(alice, 10)).toBe(false);
    expect(listFirst.isWorthwhile(bob, 10)).toBe(true);
  });

  it('counts what the list answered, and what not', () => {
    const listFirst = createListFirst({ min: 4 });
    listFirst.learn(alice, { asked: 10, found: 8, hasMore: false });
    listFirst.learn(bob, { asked: 4, found: 4, hasMore: false });
    expect(listFirst.counts).toEqual({ hits: 12, misses: 2 });
  });

  it('is tried again after five minutes', () => {
    let now = 0;
    const listFirst = createListFirst({ min: 4, now: () => now });
    listFirst.learn(alice, { asked: 4, found: 4, hasMore: true });
    now = 300_000;
    expect(listFirst.isWorthwhile(alice, 10)).toBe(true);
  });

  it('is remembered for a bounded number of callers, the latest ones', () => {
    const listFirst = createListFirst({ min: 4, maxCallers: 1 });
    listFirst.learn(alice, { asked: 4, found: 4, hasMore: true });
    listFirst.learn(bob, { asked: 4, found: 4, hasMore: true });
    expect([listFirst.isWorthwhile(alice, 10), listFirst.isWorthwhile(bob, 10)]).toEqual([true, false]);
  });
});
