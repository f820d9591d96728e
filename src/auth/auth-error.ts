/**
 * A rejected request. `message` is public: it says what to do and echoes nothing that was sent. There is no `cause`: the
 * errors of jose hold claims, and those of a transport may hold a request with its assertion.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  /**
   * - `unauthenticated`: the caller is unknown.
   * - `forbidden`: the caller is known and lacks the right.
   * - `sign-in-rejected`: IAM rejected the gateway's own personal access token, which no caller can change.
   * - `keys-unavailable`: callers cannot be checked at the moment; a retry may help.
   */
  readonly kind: 'unauthenticated' | 'forbidden' | 'sign-in-rejected' | 'keys-unavailable';
  /** For the log: a code and perhaps a claim's name, never a value. */
  readonly reason: string | undefined;

  constructor(kind: AuthError['kind'], message: string, reason?: string) {
    super(message);
    this.kind = kind;
    this.reason = reason;
  }
}
