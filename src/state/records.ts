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

interface Entry {
  readonly caller: string;
  readonly value: string;
  readonly endsAt: number;
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
  const entriesOf = new Map<string, number>();
  const count = (caller: string, change: 1 | -1) => {
    const entries = (entriesOf.get(caller) ?? 0) + change;
    if (entries === 0) entriesOf.delete(caller);
    else entriesOf.set(caller, entries);
  };
  const leases = createExpiringMap(now, count);
  const records = createExpiringMap(now, count);

  const requireRoom = ({ caller }: RecordKey) => {
    leases.dropExpired();
    records.dropExpired();
    const entries = leases.size() + records.size();
    if (entries >= maxEntries || (entriesOf.get(caller) ?? 0) >= maxEntriesPerCaller)
      throw new StateUnavailable('there is no room for another record', { isFull: true });
  };

  return {
    async acquire(key, owner, leaseMs) {
      const record = records.get(key.id)?.value;
      const held = leases.get(key.id);
      if (held) return { record, isAcquired: false, heldForMs: held.endsAt - now() };
      // Each lease may write a record, so it reserves room for one. An existing record already has its room.
      if (record === undefined) requireRoom(key);
      leases.set(key, owner, leaseMs);
      return { record, isAcquired: true, heldForMs: leaseMs };
    },
    async change(key, owner, { leaseMs, record }) {
      if (leases.get(key.id)?.value !== owner) return false;
      if (record) records.set(key, record.text, record.ttlMs);
      else if (record === null) records.delete(key.id);
      if (leaseMs > 0) leases.set(key, owner, leaseMs);
      else leases.delete(key.id);
      return true;
    },
  };
}

/**
 * Entries in the order in which they were last written. All entries of one map live for about the same time, so the
 * expired ones are at its beginning, and dropping them does not visit the others.
 */
function createExpiringMap(now: () => number, count: (caller: string, change: 1 | -1) => void) {
  const entries = new Map<string, Entry>();
  const remove = (id: string) => {
    const entry = entries.get(id);
    if (entry && entries.delete(id)) count(entry.caller, -1);
  };
  return {
    size: () => entries.size,
    get(id: string): Entry | undefined {
      const entry = entries.get(id);
      if (!entry || entry.endsAt > now()) return entry;
      remove(id);
      return undefined;
    },
    set({ caller, id }: RecordKey, value: string, ttlMs: number) {
      remove(id);
      entries.set(id, { caller, value, endsAt: now() + ttlMs });
      count(caller, 1);
    },
    delete: remove,
    dropExpired() {
      const time = now();
      for (const [id, { endsAt }] of entries) {
        if (endsAt > time) return;
        remove(id);
      }
    },
  };
}
