import { isCredential } from '../bearer.ts';

/** A token that an issuer gave out, and how long it is good. */
export interface AccessToken {
  readonly value: string;
  readonly lifetimeSeconds: number;
  /** From here on it is not used any more. */
  readonly usableUntilMs: number;
  /** When its life is over, as its issuer said. */
  readonly endsAtMs: number;
}

const MARGIN_SECONDS = 60;

/**
 * Undefined when these are not a token and a lifetime. The lifetime counts from when the token was asked for, which is
 * never later than when it was issued. It is given up a minute early, for calls under way and clocks that differ;
 * one that lives for two minutes or less is given up half-way.
 */
export function toAccessToken(value: unknown, lifetime: unknown, askedAtMs: number): AccessToken | undefined {
  if (typeof value !== 'string' || !isCredential(value)) return undefined;
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < Number.POSITIVE_INFINITY))
    return undefined;
  const usableSeconds = Math.max(lifetime - MARGIN_SECONDS, Math.min(lifetime, 2 * MARGIN_SECONDS) / 2);
  const usableUntilMs = askedAtMs + usableSeconds * 1000;
  return { value, lifetimeSeconds: lifetime, usableUntilMs, endsAtMs: askedAtMs + lifetime * 1000 };
}
