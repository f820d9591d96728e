import { createStop, type Stop, stopped } from './cancellation.ts';

/** A request that waits for shared work. */
export interface Waiter {
  readonly stop: Stop;
}

/** What shared work knows of itself. */
export interface SharedWork<W extends Waiter> {
  /** Stops when the last waiter has left. */
  readonly stop: Stop;
  readonly waiters: readonly W[];
}

/** Lets equal work that runs at the same time run once. Nothing is kept once the work has settled. */
export interface SingleFlight<W extends Waiter> {
  /**
   * The outcome of the work that runs for `identity` under `key`, or of `start`. A waiter that stops is rejected and does
   * not affect the others; when the last one has left, the work is stopped.
   */
  run<Value>(
    identity: string,
    key: string,
    waiter: W,
    start: (work: SharedWork<W>) => Promise<Value>,
  ): Promise<Value>;
  /** New requests no longer join what runs for `identity`: it may have read what is about to change. */
  invalidate(identity: string): void;
  /** Since the start of the process. */
  readonly counts: { readonly started: number; readonly coalesced: number };
}

interface Entry<W extends Waiter> extends SharedWork<W> {
  readonly waiters: W[];
  readonly outcome: Promise<unknown>;
  /** Called when nobody waits any more. */
  cancel(): void;
}

/**
 * Invariants: an entry is found only under the identity that started it, which is the full SHA-256 of a credential; it
 * can be joined only until it settles or that identity writes; and its outcome, a value or an error, goes to those who
 * waited for it and is then dropped.
 */
export function createSingleFlight<W extends Waiter>(): SingleFlight<W> {
  const byIdentity = new Map<string, Map<string, Entry<W>>>();
  const counts = { started: 0, coalesced: 0 };

  const startEntry = <Value>(
    identity: string,
    key: string,
    first: W,
    start: (work: SharedWork<W>) => Promise<Value>,
  ): Entry<W> => {
    const entries = byIdentity.get(identity) ?? new Map<string, Entry<W>>();
    byIdentity.set(identity, entries);
    const stop = createStop();
    const waiters = [first];
    const remove = () => {
      // After `cancel` or `invalidate` a newer entry may have its place.
      if (entries.get(key) === entry) entries.delete(key);
      if (entries.size === 0 && byIdentity.get(identity) === entries) byIdentity.delete(identity);
    };
    const cancel = () => {
      remove();
      stop.stop('aborted');
    };
    const outcome = start({ stop, waiters });
    const entry: Entry<W> = { stop, waiters, outcome, cancel };
    entries.set(key, entry);
    outcome.then(remove, remove);
    counts.started++;
    return entry;
  };

  return {
    counts,
    run<Value>(
      identity: string,
      key: string,
      waiter: W,
      start: (work: SharedWork<W>) => Promise<Value>,
    ): Promise<Value> {
      const entry = byIdentity.get(identity)?.get(key);
      if (!entry) return wait(startEntry(identity, key, waiter, start), waiter) as Promise<Value>;
      counts.coalesced++;
      entry.waiters.push(waiter);
      return wait(entry, waiter) as Promise<Value>;
    },
    invalidate: (identity) => void byIdentity.delete(identity),
  };
}

/** `waiter` is one of the entry's already. */
function wait<W extends Waiter>({ waiters, outcome, cancel }: Entry<W>, waiter: W): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiters.splice(waiters.indexOf(waiter), 1);
      if (waiters.length === 0) cancel();
      reject(stopped(waiter.stop, true));
    };
    if (waiter.stop.reason) return leave();
    const forget = waiter.stop.onStop(leave);
    outcome.then(
      (value) => {
        forget();
        resolve(value);
      },
      (error) => {
        forget();
        reject(error);
      },
    );
  });
}
