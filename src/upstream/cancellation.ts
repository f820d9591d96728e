import { UpstreamError } from './upstream-error.ts';

/** Why work is no longer wanted: its time is up, or whoever asked for it has gone. */
export type StopReason = 'timeout' | 'aborted';

/**
 * Tells work that it is no longer wanted. What an AbortSignal is, without being an EventTarget: one list of tokens with
 * their projects listens fifty times, and listening would cost more than many a call does.
 */
export interface Stop {
  /** Undefined while the work is wanted. */
  readonly reason: StopReason | undefined;
  /** Calls `listener` once when it stops; never, if it has stopped already. Returns what takes the listener back. */
  onStop(listener: () => void): () => void;
}

export interface StopControl extends Stop {
  /** The first reason stays. */
  stop(reason: StopReason): void;
}

export function createStop(): StopControl {
  let listeners: Set<() => void> | undefined;
  // Its reason is a plain member: an object literal with a getter is a slow one, and there are some for every call.
  const control: { -readonly [Member in keyof StopControl]: StopControl[Member] } = {
    reason: undefined,
    onStop(listener) {
      listeners ??= new Set();
      listeners.add(listener);
      return () => listeners?.delete(listener);
    },
    stop(why) {
      if (control.reason !== undefined) return;
      control.reason = why;
      const told = listeners ?? [];
      listeners = undefined;
      for (const listener of told) listener();
    },
  };
  return control;
}

/** What work that was stopped rejects with. */
export function stopped({ reason }: Stop, requestSent: boolean): UpstreamError {
  return reason === 'timeout'
    ? new UpstreamError('timeout', 'the request deadline passed', { requestSent })
    : new UpstreamError('aborted', 'the caller went away', { requestSent });
}

/** Resolves after `ms`; rejects as soon as it is stopped. */
export function sleep(ms: number, stop: Stop): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stop.reason) return reject(stopped(stop, true));
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = stop.onStop(() => {
      clearTimeout(timer);
      reject(stopped(stop, true));
    });
  });
}

/**
 * `work`, or a rejection as soon as it is stopped. For work that is shared and goes on for others: from here on its
 * failure has a handler, also when it comes after the rejection, as Node.js ends a process for a promise without one.
 */
export function within<Value>(work: Value | Promise<Value>, stop: Stop): Value | Promise<Value> {
  if (!(work instanceof Promise)) return work;
  return new Promise((resolve, reject) => {
    // Before anything else. Both do nothing once the promise is settled.
    work.then(resolve, reject).finally(() => forget?.());
    const forget = stop.reason ? undefined : stop.onStop(() => reject(stopped(stop, false)));
    if (stop.reason) reject(stopped(stop, false));
  });
}
