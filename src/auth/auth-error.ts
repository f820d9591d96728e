/**
 * - `unauthenticated`: the caller is unknown.
 * - `forbidden`: the caller is known and lacks the right.
 * - `sign-in-refused`: IAM rejected the gateway's own personal access token, which no caller can change.
 * - `keys-unavailable`: callers cannot be checked at the moment; a retry may help.
 */
export type AuthFailure = 'unauthenticated' | 'forbidden' | 'sign-in-refused' | 'keys-unavailable';

/** A rejected request. `message` is public: it says what to do and echoes nothing that was sent. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly kind: AuthFailure;
  /** For the log: a code and perhaps a claim's name, never a value. */
  readonly reason: string | undefined;

  constructor(kind: AuthFailure, message: string, options: { reason?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.reason = options.reason;
  }
}

/** Authentication is configured wrongly, so the gateway must not start. Names variables, never their values. */
export class AuthConfigError extends Error {
  override readonly name = 'AuthConfigError';
}
