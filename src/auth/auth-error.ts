/**
 * `unauthenticated` it is not known who calls; `forbidden` it is known and not allowed;
 * `sign-in-refused` the gateway's own PAT was refused, which no caller can mend;
 * `keys-unavailable` callers cannot be checked at the moment, trying again may help.
 */
export type AuthFailure = 'unauthenticated' | 'forbidden' | 'sign-in-refused' | 'keys-unavailable';

/** A request that may not go on. `message` is public: it says what to do and echoes nothing that was sent. */
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

/** Authentication is set up wrongly: a reason not to start. Names variables, never their values. */
export class AuthConfigError extends Error {
  override readonly name = 'AuthConfigError';
}
