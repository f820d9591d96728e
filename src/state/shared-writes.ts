/** How processes that share state learn of each other's writes to the IAM API. `identity` is a credential's full SHA-256. */
export interface SharedWrites {
  /** Rejects when the write cannot be reported. */
  report(identity: string): Promise<void>;
  /** Milliseconds since the last write of any process; undefined when there was none within `REMEMBER_WRITES_MS`. */
  sinceLast(identity: string): Promise<number | undefined>;
}

/** Longer than any read runs. Reads that began earlier are never shared with a new request. */
export const REMEMBER_WRITES_MS = 60_000;

/** More than the rounding of clocks: a read that began that soon after a write is not shared either. */
const MARGIN_MS = 2;

/**
 * For one request: the end of the last write that it must see, by the clock of `performance.now`; `Infinity` when the
 * shared state is unavailable. Looked up at most once, because a request need not see writes that follow it. Only
 * durations are compared, so the clocks of the processes may differ.
 */
export function watchWrites(writes: SharedWrites, identity: string): () => Promise<number> {
  const lookUp = async () => {
    try {
      const ageMs = (await writes.sinceLast(identity)) ?? REMEMBER_WRITES_MS;
      return performance.now() - ageMs + MARGIN_MS;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  };
  let known: Promise<number> | undefined;
  return () => {
    known ??= lookUp();
    return known;
  };
}

const MAX_IDENTITIES = 100_000;

/** For the primary process. `now` is in milliseconds. */
export function createWriteMarks(now = () => performance.now()): SharedWrites {
  // In the order of their writes, the oldest first.
  const lastWrites = new Map<string, number>();
  // An identity that is not in the map has not written since this time.
  let forgottenAt = Number.NEGATIVE_INFINITY;

  const dropOldest = (time: number) => {
    for (const [identity, at] of lastWrites) {
      if (time - at <= REMEMBER_WRITES_MS && lastWrites.size <= MAX_IDENTITIES) return;
      forgottenAt = at;
      lastWrites.delete(identity);
    }
  };
  return {
    async report(identity) {
      const time = now();
      lastWrites.delete(identity);
      lastWrites.set(identity, time);
      dropOldest(time);
    },
    async sinceLast(identity) {
      const ageMs = now() - (lastWrites.get(identity) ?? forgottenAt);
      return ageMs <= REMEMBER_WRITES_MS ? ageMs : undefined;
    },
  };
}
