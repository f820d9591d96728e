import type { IncomingHttpHeaders } from 'node:http';
import type { Operation } from './routes.ts';

/** One request as the emulator received it. */
export interface Call {
  readonly method: string;
  /** As sent: not decoded, not normalised, without the query. */
  readonly path: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** JSON where it parses, else the text. */
  body?: unknown;
  /** Set once the credential was accepted. */
  principal?: string;
  /** Missing for a path the API does not have. */
  operation?: Operation;
}

export interface CallLog {
  readonly calls: readonly Call[];
  add(call: Call): void;
  reset(): void;
}

/** Keeps the last `max` calls or more, at most twice as many: a demo that runs for a week must not fill the memory. */
export function createCallLog(max: number): CallLog {
  const calls: Call[] = [];
  return {
    calls,
    add(call) {
      if (calls.length >= 2 * max) calls.splice(0, calls.length - max);
      calls.push(call);
    },
    reset() {
      calls.length = 0;
    },
  };
}
