/** One HTTP exchange, with every limit it must keep. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute URL. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Until the connection is made, DNS and TLS included. */
  readonly connectTimeoutMs: number;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** A larger answer is refused, not buffered. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer of any status, redirects included. Header names are lower case. */
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
