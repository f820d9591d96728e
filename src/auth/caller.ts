import type { Transport } from '../upstream/transport.ts';

/** Where the `Authorization` value of upstream calls comes from. */
export interface Credential {
  /** Upstream reads are shared under this, so it is never shorter than a full SHA-256 (hex). */
  readonly identity: string;
  /** The header value, `Bearer …`. Rejects only with `AuthError` or `UpstreamError`. */
  authorization(): string | Promise<string>;
  /**
   * Called after upstream refused `rejected`, a value of `authorization()`. Resolves to another value,
   * or to undefined when there is no other to be had. One sign-in however many ask.
   */
  renew(rejected: string): Promise<string | undefined>;
}

/** What a caller may do here. Limits and idempotency keys are counted per principal. */
export interface CallerRights {
  /** Full SHA-256 (hex) of what identifies the caller; `anonymous` where callers are not told apart. */
  readonly principal: string;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
}

/** Who sent a request, and what its upstream calls carry. */
export interface Caller extends CallerRights {
  readonly credential: Credential;
}

/** Tells who sent a request. */
export interface Authenticator {
  /**
   * Takes the request's `Authorization` value; several such headers arrive joined by `, ` and are refused.
   * Throws, or rejects with, `AuthError` only.
   */
  authenticate(authorization: string | undefined): Caller | Promise<Caller>;
  /** The gateway's own credential, in `pat` mode. */
  readonly credential?: Credential;
  /** Ends what is under way in the background. */
  close(): void;
}

/** Reads who calls from the `Authorization` value, in `pat` mode. Throws or rejects with `AuthError` only. */
export type CallerCheck = (authorization: string | undefined) => CallerRights | Promise<CallerRights>;

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
