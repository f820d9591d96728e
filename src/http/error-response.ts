import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';

/** After this time a client may try an overloaded process again. */
export const RETRY_AFTER_SECONDS = 1;

/** The codes of errors by their status. All others are `BAD_REQUEST`. */
const CODES: Readonly<Record<number, string>> = { 404: 'NOT_FOUND', 503: 'OVERLOADED' };

/** A request that is rejected before it is read as GraphQL. The message is written for the client. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly statusCode: number;
  /** Headers of the response besides those of every response. */
  readonly headers: Readonly<Record<string, string>>;
  /** The member `errors` of the response, which has the shape of a GraphQL response. */
  readonly errors: readonly [
    { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> },
  ];

  constructor(statusCode: number, message: string, headers: HttpError['headers'] = {}) {
    super(message);
    this.statusCode = statusCode;
    const code = CODES[statusCode] ?? 'BAD_REQUEST';
    const retryAfter = statusCode === 503 ? RETRY_AFTER_SECONDS : undefined;
    this.headers = retryAfter ? { ...headers, 'retry-after': String(retryAfter) } : headers;
    this.errors = [{ message, extensions: { code, retryAfter } }];
  }
}

/** The client's `x-request-id` if it is well-formed, else a new one. It is returned, logged and sent upstream. */
export function readRequestId({ headers }: { readonly headers?: IncomingHttpHeaders | undefined }): string {
  const id = headers?.['x-request-id'];
  return typeof id === 'string' && /^[A-Za-z0-9_.:-]{1,128}$/.test(id) ? id : randomUUID();
}

export function commonHeaders(requestId: string): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  };
}

/** An error response as bytes, for a connection on which no complete request has arrived. */
export function rawErrorResponse({ statusCode, errors, headers: own }: HttpError, requestId: string): string {
  const body = JSON.stringify({ errors });
  const headers = {
    ...commonHeaders(requestId),
    ...own,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`, ...lines, '', body].join('\r\n');
}
