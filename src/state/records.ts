/** A record of one caller. `id` is unique among all callers. */
export interface RecordKey {
  readonly caller: string;
  readonly id: string;
}

interface Acquired {
  readonly record: string | undefined;
  readonly isAcquired: boolean;
  /** For how long the lease is held at most, by this owner or by another, in milliseconds. */
  readonly heldForMs: number;
}

/** A change that is made only while the lease is held. */
export interface LeasedChange {
  /** Remaining time of the lease from now on; 0 releases it. */
  readonly leaseMs: number;
  /** The new record and its time to live, or null to delete it. Absent: the record stays as it is. */
  readonly record?: { readonly text: string; readonly ttlMs: number } | null;
}

/**
 * Records that one owner at a time may change, for as long as its lease lasts. A lease ends by itself, so a process that
 * dies blocks a record for a limited time; and a command that a slow network delivers after the end changes nothing. All
 * functions reject with `StateUnavailable`; the command may have been carried out nevertheless.
 */
export interface LeasedRecords {
  /** Takes the lease if it is free. `owner` is a random string that is used for nothing else. */
  acquire(key: RecordKey, owner: string, leaseMs: number): Promise<Acquired>;
  /** False when `owner` does not hold the lease: then nothing was changed. */
  change(key: RecordKey, owner: string, change: LeasedChange): Promise<boolean>;
}

export class StateUnavailable extends Error {
  override readonly name = 'StateUnavailable';
  /** There is no room for another record, so that a retry helps only when others have expired. */
  readonly isFull: boolean;

  constructor(message: string, { isFull = false } = {}) {
    super(message);
    this.isFull = isFull;
  }
}

/** A text, and the time until which it is kept. */
interface Held {
  readonly text: string;
  readonly endsAt: number;
}

interface Entry {
  readonly caller: string;
  readonly record: Held | undefined;
  /** `text` is its owner. */
  readonly lease: Held | undefined;
}

/**
 * The records of a single process. Callers rely on each record, so none is dropped early: when the store is full, new
 * records are rejected. One caller can use a tenth of it.
 */
export function createMemoryRecords({
  maxEntries = 100_000,
  maxEntriesPerCaller = 10_000,
  now = () => performance.now(),
} = {}): LeasedRecords {
  // In the order in which their records were written. Records live equally long, so the expired ones are at the beginning,
  // and dropping them does not visit the others.
  const entries = new Map<string, Entry>();
  const entriesOf = new Map<string, number>();

  const unlessExpired = (held: Held | undefined) => (held && held.endsAt > now() ? held : undefined);
  const set = ({ caller, id }: RecordKey, record: Entry['record'], lease: Entry['lease']) => {
    if (!entries.has(id)) entriesOf.set(caller, (entriesOf.get(caller) ?? 0) + 1);
    entries.set(id, { caller, record, lease });
  };
  const remove = (id: string, { caller }: Pick<Entry, 'caller'>) => {
    if (!entries.delete(id)) return;
    const left = (entriesOf.get(caller) ?? 0) - 1;
    if (left > 0) entriesOf.set(caller, left);
    else entriesOf.delete(caller);
  };
  const requireRoom = (caller: string) => {
    for (const [id, entry] of entries) {
      if (unlessExpired(entry.record) ?? unlessExpired(entry.lease)) break;
      remove(id, entry);
    }
    if (entries.size >= maxEntries || (entriesOf.get(caller) ?? 0) >= maxEntriesPerCaller)
      throw new StateUnavailable('there is no room for another record', { isFull: true });
  };

  return {
    async acquire(key, owner, leaseMs) {
      const entry = entries.get(key.id);
      const record = unlessExpired(entry?.record);
      const lease = unlessExpired(entry?.lease);
      if (lease) return { record: record?.text, isAcquired: false, heldForMs: lease.endsAt - now() };
      if (!record) {
        remove(key.id, key);
        // Each lease may write a record, so it reserves room for one.
        requireRoom(key.caller);
      }
      set(key, record, { text: owner, endsAt: now() + leaseMs });
      return { record: record?.text, isAcquired: true, heldForMs: leaseMs };
    },
    async change(key, owner, { leaseMs, record: next }) {
      const entry = entries.get(key.id);
      if (unlessExpired(entry?.lease)?.text !== owner) return false;
      const kept = next === undefined ? entry?.record : undefined;
      const record = next ? { text: next.text, endsAt: now() + next.ttlMs } : kept;
      // A new record is the last to expire.
      if (next || !record) remove(key.id, key);
      if (record || leaseMs > 0) set(key, record, { text: owner, endsAt: now() + leaseMs });
      return true;
    },
  };
}
