import { describe, expect, it } from '@jest/globals';
import { createMemoryStore } from '../../../src/state/memory-store.ts';
import { StoreFull } from '../../../src/state/store.ts';

describe('The store of one process', () => {
  it('keeps a value for its time', async () => {
    let now = 0;
    const store = createMemoryStore({ now: () => now });
    await store.set('k', 'v', 1000);
    now = 999;
    expect(await store.get('k')).toBe('v');
    now = 1000;
    expect(await store.get('k')).toBeUndefined();
  });

  it('adds only where nothing is', async () => {
    const store = createMemoryStore();
    expect([await store.add('k', '1', 1000), await store.add('k', '2', 1000)]).toEqual([true, false]);
    expect(await store.get('k')).toBe('1');
    await store.delete('k');
    expect(await store.add('k', '3', 1000)).toBe(true);
  });

  it('refuses what it has no room for, and drops nothing before its time', async () => {
    let now = 0;
    const store = createMemoryStore({ maxEntries: 1, now: () => now });
    await store.set('a', '1', 1000);
    await expect(store.set('b', '2', 1000)).rejects.toBeInstanceOf(StoreFull);
    await store.set('a', '3', 1000);
    now = 1000;
    await store.set('b', '2', 1000);
    expect([await store.get('a'), await store.get('b')]).toEqual([undefined, '2']);
  });
});
