import { type Store, StoreFull } from './store.ts';

interface Entry {
  readonly value: string;
  readonly expiresAt: number;
}

/** The store of a single process, with room for `maxEntries`. `now` is in milliseconds. */
export function createMemoryStore({ maxEntries = 100_000, now = Date.now } = {}): Store {
  const entries = new Map<string, Entry>();

  const read = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (!entry || entry.expiresAt > now()) return entry;
    entries.delete(key);
    return undefined;
  };
  const write = (key: string, value: string, ttlMs: number) => {
    if (!entries.has(key) && entries.size >= maxEntries) dropExpired();
    if (!entries.has(key) && entries.size >= maxEntries)
      throw new StoreFull(`${maxEntries} entries are in use`);
    entries.set(key, { value, expiresAt: now() + ttlMs });
  };
  const dropExpired = () => {
    const time = now();
    for (const [key, { expiresAt }] of entries) if (expiresAt <= time) entries.delete(key);
  };

  return {
    get: async (key) => read(key)?.value,
    async add(key, value, ttlMs) {
      if (read(key)) return false;
      write(key, value, ttlMs);
      return true;
    },
    async set(key, value, ttlMs) {
      write(key, value, ttlMs);
    },
    async delete(key) {
      entries.delete(key);
    },
  };
}
