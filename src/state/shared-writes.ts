import { LRUCache } from 'lru-cache';

/** How processes that share state learn of each other's writes to IAM. `identity` is a credential's full SHA-256. */
export interface SharedWrites {
  /** Rejects when the write cannot be reported. */
  report(identity: string): Promise<void>;
  /** Milliseconds since the last write of any process; undefined when there was none within `WRITE_MARK_TTL_MS`. */
  sinceLast(identity: string): Promise<number | undefined>;
}

/** How long a write is known. Longer than any read runs: no new read is coalesced with one that began earlier. */
export const WRITE_MARK_TTL_MS = 60_000;

/** Allows for rounded clocks: a read that began within this time after a write is not coalesced either. */
const MARGIN_MS = 2;

/**
 * Finds the end of the last write for an identity, by the clock of `performance.now`; `Infinity` when the shared state is
 * unavailable. Only durations are compared, so the clocks of the processes may differ. The reads that one request begins at
 * once share a look-up.
 */
export function createLastWriteLookUp(writes: SharedWrites): (identity: string) => Promise<number> {
  const sent = new Map<string, Promise<number>>();
  return (identity) => {
    const lookUp = sent.get(identity) ?? readLastWriteAt(writes, identity);
    sent.set(identity, lookUp);
    // The look-up is shared only within this moment: a later request may follow a write that the look-up misses.
    process.nextTick(() => sent.delete(identity));
    return lookUp;
  };
}

async function readLastWriteAt(writes: SharedWrites, identity: string): Promise<number> {
  try {
    const ageMs = (await writes.sinceLast(identity)) ?? WRITE_MARK_TTL_MS;
    return performance.now() - ageMs + MARGIN_MS;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const MAX_IDENTITIES = 100_000;

/** The writes that the primary process knows of. `now` is in milliseconds. */
export function createWriteMarks(now = () => performance.now()): SharedWrites {
  // The latest write that the cache has dropped: an identity that is not in it may have written until then.
  let evictedAt = Number.NEGATIVE_INFINITY;
  const lastWrites = new LRUCache<string, number>({
    max: MAX_IDENTITIES,
    dispose(at, _identity, reason) {
      if (reason === 'evict') evictedAt = at;
    },
  });
  return {
    async report(identity) {
      lastWrites.set(identity, now());
    },
    async sinceLast(identity) {
      const ageMs = now() - (lastWrites.peek(identity) ?? evictedAt);
      return ageMs <= WRITE_MARK_TTL_MS ? ageMs : undefined;
    },
  };
}
