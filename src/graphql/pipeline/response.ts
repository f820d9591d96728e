import type { FastifyBaseLogger } from 'fastify';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { BY_MEDIA_TYPE, HTTP_STATUS, rejection, toReadError } from '../../errors.ts';
import { HttpError } from '../../http/error-response.ts';
import type { ResultType } from '../../http/media-type.ts';
import { describeError } from '../../telemetry/failures.ts';
import { formatError } from '../mask-error.ts';

/** An HTTP response, without the headers that every response has. */
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

/** Errors come first, so that people who read the response see them. */
export function encodeResult({ errors, data, extensions }: PublicResult): string | Buffer {
  const text = `${JSON.stringify({ errors, data, extensions })}\n`;
  // A short text is sent in one packet with the headers.
  return text.length < MIN_BUFFER_CHARS ? text : Buffer.from(text);
}

/** The response of an operation that was executed, whatever became of its fields. */
export function toResponse(body: string | Buffer, type: ResultType): GraphqlResponse {
  return { status: 200, headers: { 'content-type': `${type}; charset=utf-8` }, body };
}

/** An error that clients may see. A GraphQL error has a code. All others are unexpected and may contain secrets. */
type PublicError = GraphQLError | HttpError | ApolloRejection;

/** The error for the client. An unexpected error is logged, and the client gets the request id to find it in the log. */
export function toPublicError(error: unknown, requestId: string, log: FastifyBaseLogger): PublicError {
  if (error instanceof HttpError || error instanceof ApolloRejection) return error;
  const known = toReadError(error);
  if (known instanceof GraphQLError && known.extensions.code !== undefined) return known;
  log.error({ requestId, err: describeError(error) }, 'unexpected error');
  return rejection('INTERNAL_SERVER_ERROR', 'Internal server error', { requestId });
}

export function toRejectionResponse(
  error: PublicError,
  type: ResultType,
  extensions: object | undefined,
): GraphqlResponse & { readonly code: string } {
  const errors: PublicResult['errors'] =
    error instanceof GraphQLError ? [formatError(error.toJSON())] : error.errors;
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

function statusOf(error: PublicError, code: string, type: ResultType): number {
  if (error instanceof HttpError) return error.statusCode;
  const status = Object.hasOwn(HTTP_STATUS, code) ? HTTP_STATUS[code as keyof typeof HTTP_STATUS] : 500;
  if (status !== BY_MEDIA_TYPE) return status;
  return type === 'application/json' ? 200 : 400;
}
