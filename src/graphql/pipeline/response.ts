import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { toReadError } from '../../errors.ts';
import { HttpError } from '../../http/error-response.ts';
import type { ResultType } from '../../http/media-type.ts';
import { formatError } from '../mask-error.ts';

/** The response to one request over HTTP, without the headers that every response has. */
export interface GraphqlResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The members of a GraphQL response, in their public form. */
interface PublicResult {
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  readonly data?: unknown;
  readonly extensions?: object | undefined;
}

/** A request that Apollo Server has rejected. */
export class ApolloRejection extends Error {
  override readonly name = 'ApolloRejection';
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super('rejected by Apollo Server');
    this.errors = errors;
  }
}

/** From this length on, a body is encoded once for all requests that share it. */
const MIN_BUFFER_CHARS = 16_384;

/** Errors come first, so that a person who reads the response sees them. */
export function encodeResult({ errors, data, extensions }: PublicResult): string | Buffer {
  const text = `${JSON.stringify({ errors, data, extensions })}\n`;
  // A short text is sent in one packet with its head.
  return text.length < MIN_BUFFER_CHARS ? text : Buffer.from(text);
}

/** The response of an operation that was executed, whatever became of its fields. */
export function toResponse(body: string | Buffer, type: ResultType): GraphqlResponse {
  return { status: 200, headers: { 'content-type': `${type}; charset=utf-8` }, body };
}

/** The HTTP status of a request that is rejected as a whole with this code. */
const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  OPERATION_LIMIT_EXCEEDED: 400,
  OPERATION_NOT_TRUSTED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  UPSTREAM_ERROR: 503,
  UPSTREAM_TIMEOUT: 503,
  UPSTREAM_UNAVAILABLE: 503,
  // Apollo Client reads the code, and sends the document then.
  PERSISTED_QUERY_NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
};

/**
 * Codes of requests that are well-formed, but whose document or variables do not fit. Those are 400 only for clients of
 * the newer media type: older clients read no body behind a 4xx (GraphQL over HTTP, "application/json").
 */
const WELL_FORMED = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** Whether clients may see such an error. All others are unexpected, and may hold anything. */
export function isPublic(error: unknown): boolean {
  if (error instanceof ApolloRejection || error instanceof HttpError) return true;
  const known = toReadError(error);
  return known instanceof GraphQLError && known.extensions.code !== undefined;
}

/** The response of a request that was rejected with an error that `isPublic`. */
export function toRejectionResponse(
  error: unknown,
  type: ResultType,
  extensions: object | undefined,
): GraphqlResponse & { readonly code: string } {
  const errors = toPublicErrors(error);
  const { code, retryAfter } = errors[0]?.extensions ?? {};
  const headers: Record<string, string> = { 'content-type': `${type}; charset=utf-8` };
  if (error instanceof HttpError) Object.assign(headers, error.headers);
  // RFC 6750 section 3.
  if (code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  return {
    code: String(code),
    status: statusOf(error, String(code), type),
    headers,
    body: encodeResult({ errors, extensions }),
  };
}

function toPublicErrors(error: unknown): readonly GraphQLFormattedError[] {
  if (error instanceof ApolloRejection) return error.errors;
  if (error instanceof HttpError) return [{ message: error.message, extensions: { code: 'BAD_REQUEST' } }];
  return [formatError((toReadError(error) as GraphQLError).toJSON())];
}

function statusOf(error: unknown, code: string, type: ResultType): number {
  if (error instanceof HttpError) return error.statusCode;
  if (WELL_FORMED.has(code)) return type === 'application/json' ? 200 : 400;
  return STATUS[code] ?? 500;
}
