import {
  type CancellationReason,
  CancellationSource,
  cancelledError,
  type Deadline,
  raceCancel,
} from './cancellation.ts';

/** When a deadline passes, work does not continue for waiters that have less time left than this. */
const LITTLE_MS = 250;

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

/** Work that runs, and the requests that wait for it. */
interface Entry {
  readonly waiters: Deadline[];
  /** Arrival of the first waiter: all reads of the work are later. */
  readonly startedAt: number;
  readonly outcome: Promise<unknown>;
  /** Cancels the work. No further request is coalesced with it. */
  cancel(reason: CancellationReason): void;
}

interface Request<Value> {
  readonly identity: string;
  readonly key: string;
  readonly waiter: Deadline;
  readonly startedAt: number;
  readonly start: (deadline: Deadline) => Promise<Value>;
}

/**
 * Invariants: an entry is found only under the identity that started it, which is the full SHA-256 of a credential; it can
 * take further waiters only until it settles or that identity writes; and its outcome, a value or an error, goes to its
 * waiters and is then dropped.
 */
export function createSingleFlight({ lastWriteAt, now = () => performance.now() }: SingleFlightOptions = {}) {
  const byIdentity = new Map<string, Map<string, Entry>>();
  const counts = { started: 0, coalesced: 0 };

  const find = ({ identity, key }: Request<unknown>) => byIdentity.get(identity)?.get(key);
  const startEntry = ({ identity, key, waiter, startedAt, start }: Request<unknown>): Entry => {
    const entries = byIdentity.get(identity) ?? new Map<string, Entry>();
    byIdentity.set(identity, entries);
    const remove = () => {
      // After `cancel`, `invalidate` or a write of another process, a newer entry may have replaced this one.
      if (entries.get(key) === entry) entries.delete(key);
      if (entries.size === 0 && byIdentity.get(identity) === entries) byIdentity.delete(identity);
    };
    const waiters = [waiter];
    const cancellation = new CancellationSource();
    const outcome = start({
      cancellation,
      // The same cancellation: shared work is a read, so nothing of it continues after its waiters.
      expired: cancellation,
      remainingMs: () => waiters.reduce((most, { remainingMs }) => Math.max(most, remainingMs()), 0),
    });
    const entry: Entry = {
      waiters,
      startedAt,
      outcome,
      cancel(reason) {
        remove();
        cancellation.cancel(reason);
      },
    };
    entries.set(key, entry);
    outcome.then(remove, remove);
    counts.started++;
    return entry;
  };
  const coalesceOrStart = <Value>(entry: Entry | undefined, request: Request<Value>): Promise<Value> => {
    if (entry) {
      counts.coalesced++;
      entry.waiters.push(request.waiter);
    }
    return wait(entry ?? startEntry(request), request.waiter) as Promise<Value>;
  };
  const coalesceUnlessOld = async <Value>(request: Request<Value>, lastWrite: Promise<number>) => {
    const writtenAt = await raceCancel(lastWrite, request.waiter.cancellation);
    // Meanwhile the entry may have settled or been replaced.
    const entry = find(request);
    return coalesceOrStart(entry && entry.startedAt > writtenAt ? entry : undefined, request);
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
      const entry = find(request);
      return entry && lastWriteAt
        ? coalesceUnlessOld(request, lastWriteAt(identity))
        : coalesceOrStart(entry, request);
    },
    /** New requests are no longer coalesced with the work of `identity`, which may have read the state before a write. */
    invalidate: (identity: string): void => void byIdentity.delete(identity),
  };
}

/** Waits for the outcome of an entry whose `waiters` already include `waiter`. */
function wait({ waiters, outcome, cancel }: Entry, waiter: Deadline): Promise<unknown> {
  const { cancellation } = waiter;
  return new Promise((resolve, reject) => {
    const leave = () => {
      const isLast = waiters.every((other) => other === waiter || other.remainingMs() <= LITTLE_MS);
      // This request keeps waiting: cancelled work settles at once, and an operation then has the fields that are complete.
      if (isLast && cancellation.reason === 'timeout') return cancel('timeout');
      waiters.splice(waiters.indexOf(waiter), 1);
      if (waiters.length === 0) cancel('aborted');
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
