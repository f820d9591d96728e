import { hash } from 'node:crypto';
import type { AuthConfig } from '../config/auth.ts';
import type { UpstreamCredential } from '../upstream/attempt.ts';
import type { Cancellation } from '../upstream/cancellation.ts';
import type { IamClient } from '../upstream/iam-client.ts';
import type { Transport } from '../upstream/transport.ts';

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

/** What a caller may do. Limits and idempotency keys are counted per principal. */
export interface CallerRights {
  /** Full SHA-256 (hex) of what identifies the caller; `anonymous` where callers are not distinguished. */
  readonly principal: string;
  /** Mutations. Every known caller may read. */
  readonly mayWrite: boolean;
}

/**
 * The sender of a request, and the credential of its upstream calls. Limits and records of a caller belong to `principal`.
 * Reads in flight, which depend on the state of IAM, belong to `credential.identity`, which all callers share in `pat`
 * mode.
 */
export interface Caller extends CallerRights {
  readonly credential: UpstreamCredential;
}

/** Reads the caller from the `Authorization` value, in `pat` mode. Throws or rejects with `AuthError` only. */
export type CallerCheck = (authorization: string | undefined) => CallerRights | Promise<CallerRights>;

export interface Authenticator {
  /**
   * Takes the request's `Authorization` value; several such headers arrive joined by `, ` and are rejected.
   * Throws, or rejects with, `AuthError` only.
   */
  authenticate(authorization: string | undefined): Caller | Promise<Caller>;
  /** In `pat` mode: logs whether IAM accepts the gateway's own credential. Never rejects. */
  probe?(client: IamClient): Promise<void>;
  /** Ends background work. */
  close(): void;
}

/** The part of a pino logger that is used here. */
export interface AuthLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface AuthDependencies {
  readonly transport: Transport;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds that never decrease, to measure lifetimes. */
  readonly steadyClock: () => number;
  readonly log: AuthLog;
  /** Ends what is in flight when the gateway closes. */
  readonly closing: Cancellation;
  /** Called after each sign-in of the gateway itself. `problem`: why it failed, in a few words without host names. */
  readonly onSignIn?: ((outcome: 'ok' | 'failed', problem?: string) => void) | undefined;
}

/** Addresses of IAM. */
export interface IamAddress {
  readonly apiGatewayUrl: string;
  /** Used where the configuration has none: the emulator's. */
  readonly tokenEndpoint?: string | undefined;
}

/** Whether the gateway itself authenticates nobody, so that any client that reaches its port can send requests. */
export function authenticatesNobody(auth: AuthConfig): boolean {
  return auth.mode === 'pass-through' || auth.callerAuth.kind === 'none';
}

/**
 * Creates the configured kind of authenticator. The code for signing in is loaded only for the `pat` mode: a gateway that
 * passes credentials through starts sooner without it.
 */
export async function createAuthenticator(
  auth: AuthConfig,
  iam: IamAddress,
  openTransport: () => Promise<Transport>,
  dependencies: Omit<AuthDependencies, 'transport' | 'closing' | 'steadyClock'>,
): Promise<Authenticator> {
  if (auth.mode === 'pass-through') return createPassThroughAuthenticator();
  const { createPatAuthenticator } = await import('./pat-authenticator.ts');
  return createPatAuthenticator(auth, iam, { ...dependencies, transport: await openTransport() });
}

/** Callers send their own IAM credential. IAM decides, call by call, whether it is valid and what it allows. */
export function createPassThroughAuthenticator(): Authenticator {
  return {
    authenticate(authorization) {
      const bearer = readBearer(authorization);
      const principal = sha256(bearer);
      return {
        principal,
        mayWrite: true,
        // The bearer exists only in these closures, so that printing or serializing a caller cannot reveal it.
        credential: {
          identity: principal,
          authorization: () => `Bearer ${bearer}`,
          renew: () => Promise.resolve(undefined),
        },
      };
    },
    close() {},
  };
}

const MAX_CREDENTIAL_LENGTH = 8192;

/**
 * The credential of an `Authorization` value: `Bearer x` (any case, any number of blanks) or `x` alone, because the
 * vendor's own clients send both. Everything downstream sees `x` only, so all spellings are one principal.
 */
export function readBearer(authorization: string | undefined): string {
  const credential = authorization?.replace(/^bearer +/i, '');
  // "Bearer" alone is a scheme without a credential. Another scheme, two credentials or two headers leave a blank.
  if (credential === undefined || !isCredential(credential) || /^bearer$/i.test(credential))
    throw new AuthError('unauthenticated', 'Send `Authorization: Bearer <credential>` with one credential.');
  return credential;
}

/** Whether a text is safe as a header value: visible ASCII without blanks, at most 8 KiB. */
export function isCredential(text: string): boolean {
  return text.length <= MAX_CREDENTIAL_LENGTH && /^[\x21-\x7e]+$/.test(text);
}

/** The full SHA-256 in hex. Principals and identities are never truncated, because data is shared under them. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
