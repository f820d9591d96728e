import type { Cancellation } from './cancellation.ts';
import { UpstreamError } from './upstream-error.ts';

/** One attempt with its limits. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For the whole attempt. */
  readonly timeoutMs: number;
  /** A larger response is rejected, not buffered. */
  readonly maxBytes: number;
  readonly cancellation?: Cancellation | undefined;
}

/** A response of any status, redirects included. Header names are lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/**
 * Sends one request once: no retry, no redirect, no decompression.
 * Rejects only with an `UpstreamError` of kind `unavailable`, `timeout`, `invalid-response` or `aborted`.
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Why the body of a successful response is not read: it is compressed although that was not accepted, or too large.
 */
export function findUnreadable(
  status: number,
  headers: HttpResponse['headers'],
  maxBytes: number,
): UpstreamError | undefined {
  if (status < 200 || status > 299) return undefined;
  const { 'content-encoding': encoding, 'content-length': length } = headers;
  if (encoding && !isIdentity(encoding))
    return new UpstreamError('invalid-response', 'a compressed response');
  return Number(length ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

/** Names of codings are case-insensitive, and members of a list may be empty (RFC 9110 sections 8.4.1 and 5.6.1). */
function isIdentity(encoding: string): boolean {
  return encoding.split(',').every((coding) => /^\s*(?:identity)?\s*$/i.test(coding));
}

export function tooLarge(maxBytes: number): UpstreamError {
  return new UpstreamError('invalid-response', `response larger than ${maxBytes} bytes`);
}

/** A body as text, without a byte order mark, which `JSON.parse` rejects (RFC 8259 section 8.1). */
export function toText(body: Buffer): string {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return body.toString('utf8', hasMark ? 3 : 0);
}
