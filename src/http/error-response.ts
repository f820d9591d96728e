import { STATUS_CODES } from 'node:http';

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

export function commonHeaders(requestId: string): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  };
}

/** An error response as bytes, for a connection on which no complete request has arrived. */
export function rawErrorResponse({ statusCode, message }: HttpError, requestId: string): string {
  const isOverload = statusCode === 503;
  const body = JSON.stringify(
    isOverload ? errorBody('OVERLOADED', message, { retryAfter: 1 }) : errorBody('BAD_REQUEST', message),
  );
  const headers = {
    ...commonHeaders(requestId),
    ...(isOverload ? { 'retry-after': 1 } : {}),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`, ...lines, '', body].join('\r\n');
}
