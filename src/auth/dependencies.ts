import type { Transport } from '../upstream/transport.ts';

/** Milliseconds since 1970. */
export type Clock = () => number;

/** The part of pino that is used here. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** What signing in and checking callers need from outside. */
export interface AuthDependencies {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Told how each sign-in of the gateway itself ended. */
  readonly onSignIn?: ((outcome: 'ok' | 'failed') => void) | undefined;
}
