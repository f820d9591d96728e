/**
 * Small shared state with a time to live: what a second process would have to know. Values are strings; keys hold no
 * secret. Rejects with `StoreFull` or whatever kept the store from answering.
 */
export interface Store {
  get(key: string): Promise<string | undefined>;
  /** Writes only where nothing is; says whether it did. */
  add(key: string, value: string, ttlMs: number): Promise<boolean>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
}

/** There is no room for one more entry. Entries are never dropped before their time: each is a promise to somebody. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}
