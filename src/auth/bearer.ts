import { hash } from 'node:crypto';
import { AuthError } from './auth-error.ts';
import type { Authenticator, Caller } from './authenticator.ts';

const MAX_CREDENTIAL_LENGTH = 8192;

/**
 * The credential of an `Authorization` value: `Bearer x` (any case, any number of blanks) or `x` alone, because the
 * vendor's own clients send both. Everything downstream sees `x` only, so all spellings are one principal.
 */
export function readBearer(authorization: string | undefined): string {
  const credential = authorization?.replace(/^bearer +/i, '');
  // "Bearer" alone is a scheme without a credential. Another scheme, two credentials or two headers leave a blank.
  if (credential === undefined || !isCredential(credential) || /^bearer$/i.test(credential)) {
    throw new AuthError('unauthenticated', 'Send `Authorization: Bearer <credential>` with one credential.');
  }
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

/** Callers send their own IAM credential. IAM decides, call by call, whether it is valid and what it allows. */
export function createPassThroughAuthenticator(): Authenticator {
  return {
    authenticate: (authorization) => toCaller(readBearer(authorization)),
    close() {},
  };
}

function toCaller(bearer: string): Caller {
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
}
