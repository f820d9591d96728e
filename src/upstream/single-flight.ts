import {
  type CancellationReason,
  cancelledError,
  createCancellation,
  type Deadline,
  raceCancel,
} from './cancellation.ts';

/** When a deadline passes, work does not continue for waiters that have less time left than this. */
const LITTLE_MS = 250;

/** Work that several requests wait for. Its deadline passes when those of all waiters have passed. */
interface SharedWork extends Deadline {
  /** Cancels the work. No further request is coalesced with it. */
  cancel(reason: CancellationReason): void;
}

export interface SingleFlightOptions {
  /**
   * When another process last wrote for an identity, by the clock of `performance.now()`; `Infinity` where that is unknown.
   * Never rejects. Called only when identical work is running, since it may take a round trip. Absent if only this process
   * writes: its own writes call `invalidate`.
   */
  readonly lastWriteAt?: ((identity: string) => Promise<number>) | undefined;
  readonly now?: () => number;
}

/** Runs identical concurrent work once. Nothing is kept after the work has settled. */
export type SingleFlight = ReturnType<typeof createSingleFlight>;

interface Entry {
  readonly work: SharedWork;
  readonly waiters: Deadline[];
  /** Arrival of the first waiter: all reads of the work are later. */
  readonly startedAt: number;
  readonly outcome: Promise<unknown>;
}

/**
 * Invariants: an entry is found only under the identity that started it, which is the full SHA-256 of a credential; it can
 * take further waiters only until it settles or that identity writes; and its outcome, a value or an error, goes to its
 * waiters and is then dropped.
 */
export function createSingleFlight({ lastWriteAt, now = () => performance.now() }: SingleFlightOptions = {}) {
  const byIdentity = new Map<string, Map<string, Entry>>();
  const counts = { started: 0, coalesced: 0 };

  const find = (identity: string, key: string) => byIdentity.get(identity)?.get(key);
  const startEntry = <Value>({ identity, key, waiter, startedAt, start }: Request<Value>): Entry => {
    const entries = byIdentity.get(identity) ?? new Map<string, Entry>();
    byIdentity.set(identity, entries);
    const remove = () => {
      // After `cancel`, `invalidate` or a write of another process, a newer entry may have replaced this one.
      if (entries.get(key)?.work === work) entries.delete(key);
      if (entries.size === 0 && byIdentity.get(identity) === entries) byIdentity.delete(identity);
    };
    const waiters = [waiter];
    const work = shareDeadlines(waiters, remove);
    const outcome = start(work);
    const entry = { work, waiters, startedAt, outcome };
    entries.set(key, entry);
    outcome.then(remove, remove);
    counts.started++;
    return entry;
  };
  const startOwn = <Value>(request: Request<Value>) =>
    wait(startEntry(request), request.waiter) as Promise<Value>;
  const coalesce = <Value>(entry: Entry, { waiter }: Request<Value>) => {
    counts.coalesced++;
    entry.waiters.push(waiter);
    return wait(entry, waiter) as Promise<Value>;
  };
  const coalesceUnlessOld = async <Value>(request: Request<Value>, lastWrite: Promise<number>) => {
    const writtenAt = await raceCancel(lastWrite, request.waiter.cancellation);
    // Meanwhile the entry may have settled or been replaced.
    const entry = find(request.identity, request.key);
    return entry && entry.startedAt > writtenAt ? coalesce(entry, request) : startOwn(request);
  };

  return {
    counts,
    /**
     * The outcome of the work that runs for `identity` under `key`, or of `start`. A waiter that is cancelled is rejected
     * without effect on the others; the work is cancelled with the last one. A request is not coalesced with work that
     * began before `lastWriteAt`.
     */
    run<Value>(
      identity: string,
      key: string,
      waiter: Deadline,
      start: (deadline: Deadline) => Promise<Value>,
    ): Promise<Value> {
      const request = { identity, key, waiter, start, startedAt: now() };
      const entry = find(identity, key);
      if (!entry) return startOwn(request);
      return lastWriteAt ? coalesceUnlessOld(request, lastWriteAt(identity)) : coalesce(entry, request);
    },
    /** New requests are no longer coalesced with the work of `identity`, which may have read the state before a write. */
    invalidate: (identity: string): void => void byIdentity.delete(identity),
  };
}

interface Request<Value> {
  readonly identity: string;
  readonly key: string;
  readonly waiter: Deadline;
  readonly startedAt: number;
  readonly start: (deadline: Deadline) => Promise<Value>;
}

function shareDeadlines(waiters: readonly Deadline[], remove: () => void): SharedWork {
  const cancellation = createCancellation();
  return {
    cancellation,
    // The same cancellation: shared work is a read, so nothing of it continues after its waiters.
    expired: cancellation,
    remainingMs: () => waiters.reduce((most, waiter) => Math.max(most, waiter.remainingMs()), 0),
    cancel(reason) {
      remove();
      cancellation.cancel(reason);
    },
  };
}

/** Waits for the outcome of an entry whose `waiters` already include `waiter`. */
function wait({ work, waiters, outcome }: Entry, waiter: Deadline): Promise<unknown> {
  const { cancellation } = waiter;
  return new Promise((resolve, reject) => {
    const leave = () => {
      const isLast = waiters.every((other) => other === waiter || other.remainingMs() <= LITTLE_MS);
      // This request keeps waiting: cancelled work settles at once, and an operation then has the fields that are complete.
      if (isLast && cancellation.reason === 'timeout') return work.cancel('timeout');
      waiters.splice(waiters.indexOf(waiter), 1);
      if (waiters.length === 0) work.cancel('aborted');
      reject(cancelledError(cancellation, true));
    };
    const removeListener = cancellation.onCancel(leave);
    outcome.then(
      (value) => {
        removeListener();
        resolve(value);
      },
      (error) => {
        removeListener();
        reject(error);
      },
    );
    if (cancellation.reason) leave();
  });
}
