import { createStop, type Stop, stopped } from './cancellation.ts';

/** Whoever waits for a flight. */
export interface Waiter {
  readonly stop: Stop;
}

/** What is under way, from the inside. */
export interface Flight<Who extends Waiter> {
  /** Stops when the last waiter has gone. */
  readonly stop: Stop;
  readonly waiters: readonly Who[];
}

/** Work in flight that may be joined instead of being done twice. Nothing is kept once it is delivered. */
export interface Flights<Who extends Waiter> {
  /**
   * The outcome of what `identity` has in flight under `key`, or of `start`. A waiter that stops is rejected and leaves
   * the others alone; when the last has gone the flight is stopped.
   */
  join<Value>(
    identity: string,
    key: string,
    waiter: Who,
    start: (flight: Flight<Who>) => Promise<Value>,
  ): Promise<Value>;
  /** What `identity` has in flight is joined no more: it may have read what is about to change. */
  forget(identity: string): void;
  /** Since the start of the process. */
  readonly counts: { readonly started: number; readonly joined: number };
}

interface OpenFlight<Who extends Waiter> extends Flight<Who> {
  readonly waiters: Who[];
  readonly outcome: Promise<unknown>;
  /** Without anybody who waits, it need not go on. */
  cancel(): void;
}

/**
 * What must stay true: a flight is found only under the identity that started it, which is the SHA-256 of a credential
 * in full; it can be joined only until it lands or that identity writes; and its outcome, good or bad, goes to those who
 * waited and is then gone.
 */
export function createFlights<Who extends Waiter>(): Flights<Who> {
  const byIdentity = new Map<string, Map<string, OpenFlight<Who>>>();
  const counts = { started: 0, joined: 0 };

  const launch = <Value>(
    identity: string,
    key: string,
    first: Who,
    start: (flight: Flight<Who>) => Promise<Value>,
  ): OpenFlight<Who> => {
    const open = byIdentity.get(identity) ?? new Map<string, OpenFlight<Who>>();
    byIdentity.set(identity, open);
    const stop = createStop();
    const waiters = [first];
    const close = () => {
      // After `forget` another flight may have its place.
      if (open.get(key) === flight) open.delete(key);
      if (open.size === 0 && byIdentity.get(identity) === open) byIdentity.delete(identity);
    };
    const cancel = () => {
      close();
      stop.stop('aborted');
    };
    const outcome = start({ stop, waiters });
    const flight: OpenFlight<Who> = { stop, waiters, outcome, cancel };
    open.set(key, flight);
    outcome.then(close, close);
    counts.started++;
    return flight;
  };

  return {
    counts,
    join<Value>(
      identity: string,
      key: string,
      waiter: Who,
      start: (flight: Flight<Who>) => Promise<Value>,
    ): Promise<Value> {
      const flight = byIdentity.get(identity)?.get(key);
      if (!flight) return wait(launch(identity, key, waiter, start), waiter) as Promise<Value>;
      counts.joined++;
      flight.waiters.push(waiter);
      return wait(flight, waiter) as Promise<Value>;
    },
    forget: (identity) => void byIdentity.delete(identity),
  };
}

/** `waiter` is one of the flight's already. */
function wait<Who extends Waiter>(
  { waiters, outcome, cancel }: OpenFlight<Who>,
  waiter: Who,
): Promise<unknown> {
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
