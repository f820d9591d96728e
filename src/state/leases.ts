/** A record of one caller. `id` is unique among all callers. */
export interface RecordKey {
  readonly caller: string;
  readonly id: string;
}

export interface Acquired {
  /** The record as text; undefined when there is none. */
  readonly record: string | undefined;
  readonly isAcquired: boolean;
  /** For how long the lease is held at most, by this owner or by the one that was faster, in milliseconds. */
  readonly heldForMs: number;
}

/** A change that is made only while the lease is held. */
export interface LeasedChange {
  /** What is left of the lease from now on; 0 gives it back. */
  readonly leaseMs: number;
  /** The new record and its time to live, or null to delete it. Absent: the record stays as it is. */
  readonly record?: { readonly text: string; readonly ttlMs: number } | null;
}

/**
 * Records that one owner at a time may change, for as long as its lease lasts. A lease ends by itself, so a process that
 * dies holds nothing up for good; and whatever a slow network delivers after the end of a lease changes nothing.
 * All functions reject with `StateUnavailable`; the command may have been carried out all the same.
 */
export interface LeasedRecords {
  /** Takes the lease if it is free. `owner` is a random string that is used for nothing else. */
  acquire(key: RecordKey, owner: string, leaseMs: number): Promise<Acquired>;
  /** False when `owner` does not hold the lease: then nothing was changed. */
  change(key: RecordKey, owner: string, change: LeasedChange): Promise<boolean>;
}

/** Why state cannot be used: its process does not reply, a command was refused, or there is no room for another record. */
type Reason = 'away' | 'refused' | 'full';

export class StateUnavailable extends Error {
  override readonly name = 'StateUnavailable';
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}
