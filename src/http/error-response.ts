import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';

/** An HTTP error in the shape of a GraphQL response. */
export function errorBody(
  code: string,
  message: string,
  extensions: Readonly<Record<string, unknown>> = {},
): object {
  return { errors: [{ message, extensions: { code, ...extensions } }] };
}

/** A request that is rejected before it is read as GraphQL. The message is written for the client. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly statusCode: number;
  /** Headers of the response besides those of every response. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(statusCode: number, message: string, headers: HttpError['headers'] = {}) {
    super(message);
    this.statusCode = statusCode;
    this.headers = headers;
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
export function rawErrorResponse(
  { statusCode, message, headers: own }: HttpError,
  requestId: string,
): string {
  const isOverload = statusCode === 503;
  const body = JSON.stringify(
    isOverload ? errorBody('OVERLOADED', message, { retryAfter: 1 }) : errorBody('BAD_REQUEST', message),
  );
  const headers = {
    ...commonHeaders(requestId),
    ...own,
    ...(isOverload ? { 'retry-after': 1 } : {}),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`, ...lines, '', body].join('\r\n');
}
