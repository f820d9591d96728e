import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { isJsonObject, parseJson } from '../json.ts';
import type { LeasedChange, LeasedRecords, RecordKey } from '../state/records.ts';
import { isId } from '../upstream/iam-client.ts';

/**
 * The record of a create: hashes and ids, no key material and no name. It is written before the POST is sent, and has a
 * `tokenId` once the outcome is known.
 */
export interface CreateRecord {
  /** Digest of the input of the create. Undefined if the record cannot be read. */
  readonly digest?: string;
  /** The ids of the matching tokens that existed before the POST; null when they are not known. */
  readonly before: readonly string[] | null;
  readonly tokenId?: string;
  /** Owner of the lease under which the POST was sent. A request that finds the token uses it to complete the record. */
  readonly owner?: string;
}

const RECORD_TTL_MS = 24 * 3600 * 1000;

/** A record in the form in which it is stored. */
export function toStoredRecord(record: CreateRecord): { readonly text: string; readonly ttlMs: number } {
  return { text: JSON.stringify(record), ttlMs: RECORD_TTL_MS };
}

/** If the text cannot be read, a POST may have been sent, and any matching token counts as created by it. */
function readRecord(text: string): CreateRecord {
  // Release 0.1.0 wrote `before` as `lookalikes`.
  const value = parseJson(text.replace('"lookalikes":', '"before":'));
  return isCreateRecord(value) ? value : { before: [] };
}

function isCreateRecord(value: unknown): value is CreateRecord {
  if (!isJsonObject(value)) return false;
  const { digest, before, tokenId, owner } = value;
  return (
    typeof digest === 'string' &&
    (before === null || (Array.isArray(before) && before.every((id) => typeof id === 'string'))) &&
    (tokenId === undefined || (typeof tokenId === 'string' && isId(tokenId))) &&
    (owner === undefined || typeof owner === 'string')
  );
}

/** The lease on a record, while `withLease` runs. */
export interface Lease {
  readonly owner: string;
  /**
   * Writes the record and sets the remaining time of the lease. False when the lease has ended: then nothing was written.
   */
  write(change: LeasedChange): Promise<boolean>;
  /** Sets the change that is made when `work` ends. Without it the lease is released, and the record stays. */
  leave(change: LeasedChange): void;
}

const RETRY_MS = 250;

/**
 * Acquires the lease if it is free, runs `work`, and releases it. `work` gets the record and the lease, or no lease when
 * another request holds it, for at most `heldForMs`. Rejects as `work` does, or with `StateUnavailable`; then the lease may
 * have been acquired, so it is released too. A release that fails is repeated in the background for as long as
 * the lease may last.
 */
export async function withLease<Result>(
  records: LeasedRecords,
  key: RecordKey,
  leaseMs: number,
  work: (record: CreateRecord | undefined, lease: Lease | undefined, heldForMs: number) => Promise<Result>,
): Promise<Result> {
  const owner = randomUUID();
  let isHeld = true;
  let endsAt = performance.now() + leaseMs;
  let last: LeasedChange = { leaseMs: 0 };
  const lease: Lease = {
    owner,
    async write(change) {
      // Set before the reply, which may be lost after the change was made.
      endsAt = Math.max(endsAt, performance.now() + change.leaseMs);
      const isWritten = await records.change(key, owner, change);
      isHeld = isWritten && change.leaseMs > 0;
      return isWritten;
    },
    leave(change) {
      last = change;
    },
  };
  const release = async (): Promise<void> => {
    try {
      await records.change(key, owner, last);
    } catch {
      if (performance.now() + RETRY_MS > endsAt) return;
      setTimeout(RETRY_MS, undefined, { ref: false })
        .then(release)
        .catch(() => undefined);
    }
  };
  try {
    const { record: text, isAcquired, heldForMs } = await records.acquire(key, owner, leaseMs);
    isHeld = isAcquired;
    const record = text === undefined ? undefined : readRecord(text);
    return await work(record, isAcquired ? lease : undefined, heldForMs);
  } finally {
    if (isHeld) await release();
  }
}
