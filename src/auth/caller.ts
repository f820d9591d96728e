import type { UpstreamCredential as Credential } from '../upstream/attempt.ts';
import type { IamClient } from '../upstream/iam-client.ts';
import type { Transport } from '../upstream/transport.ts';

/** What a caller may do. Limits and idempotency keys are counted per principal. */
export interface CallerRights {
  /** Full SHA-256 (hex) of what identifies the caller; `anonymous` where callers are not distinguished. */
  readonly principal: string;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
}

/** The sender of a request, and the credential of its upstream calls. */
export interface Caller extends CallerRights {
  readonly credential: Credential;
}

/** Identifies the sender of each request. */
export interface Authenticator {
  /**
   * Takes the request's `Authorization` value; several such headers arrive joined by `, ` and are rejected.
   * Throws, or rejects with, `AuthError` only.
   */
  authenticate(authorization: string | undefined): Caller | Promise<Caller>;
  /** In `pat` mode: logs whether the API accepts the gateway's own credential. Never rejects. */
  probe?(client: IamClient): Promise<void>;
  /** Ends background work. */
  close(): void;
}

/** Reads the caller from the `Authorization` value, in `pat` mode. Throws or rejects with `AuthError` only. */
export type CallerCheck = (authorization: string | undefined) => CallerRights | Promise<CallerRights>;

/** Milliseconds since 1970. */
export type Clock = () => number;

/** The part of a pino logger that is used here. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** The dependencies of signing in and of checking callers. */
export interface AuthDependencies {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each sign-in of the gateway itself. `problem`: why it failed, in a few words without host names. */
  readonly onSignIn?: ((outcome: 'ok' | 'failed', problem?: string) => void) | undefined;
}
