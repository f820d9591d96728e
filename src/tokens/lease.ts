import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { LeasedChange, LeasedRecords, RecordKey } from '../state/records.ts';

/** The lease on a record, while `withLease` runs. */
export interface Lease {
  readonly owner: string;
  /** Writes the record and sets what is left of the lease. False when the lease has ended: then nothing was written. */
  write(change: LeasedChange): Promise<boolean>;
  /** Sets the change that is made when `work` ends. Without it the lease is released, and the record stays. */
  leave(change: LeasedChange): void;
}

type LeaseAttempt =
  | { readonly record: string | undefined; readonly lease: Lease }
  /** Another request holds the lease, for at most so long. */
  | { readonly record: string | undefined; readonly lease: undefined; readonly heldForMs: number };

const RETRY_MS = 250;

/**
 * Acquires the lease if it is free, runs `work`, and releases it. Rejects as `work` does, or with `StateUnavailable`; then
 * the lease may have been acquired all the same, so it is released as well. A release that fails is repeated in the
 * background for as long as the lease may last.
 */
export async function withLease<Result>(
  records: LeasedRecords,
  key: RecordKey,
  leaseMs: number,
  work: (attempt: LeaseAttempt) => Promise<Result>,
): Promise<Result> {
  const owner = randomUUID();
  let isHeld = true;
  let endsAt = performance.now() + leaseMs;
  let last: LeasedChange = { leaseMs: 0 };
  const lease: Lease = {
    owner,
    async write(change) {
      // Before the reply, which may be lost after the change was made.
      endsAt = Math.max(endsAt, performance.now() + change.leaseMs);
      const isWritten = await records.change(key, owner, change);
      isHeld = isWritten && change.leaseMs > 0;
      return isWritten;
    },
    leave(change) {
      last = change;
    },
  };
  try {
    const { record, isAcquired, heldForMs } = await records.acquire(key, owner, leaseMs);
    isHeld = isAcquired;
    return await work(isAcquired ? { record, lease } : { record, lease: undefined, heldForMs });
  } finally {
    if (isHeld) await release(records, key, owner, last, endsAt);
  }
}

async function release(
  records: LeasedRecords,
  key: RecordKey,
  owner: string,
  change: LeasedChange,
  endsAt: number,
): Promise<void> {
  try {
    await records.change(key, owner, change);
  } catch {
    if (performance.now() + RETRY_MS > endsAt) return;
    setTimeout(RETRY_MS, undefined, { ref: false })
      .then(() => release(records, key, owner, change, endsAt))
      .catch(() => undefined);
  }
}
