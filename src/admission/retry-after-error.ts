import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { type ErrorCode, refusal } from '../errors.ts';

/** A refusal that ends by itself, after `retryAfter` seconds. */
export function refuseForNow(
  code: ErrorCode,
  message: string,
  status: number,
  retryAfter: number,
): GraphQLError {
  const http = { status, headers: new HeaderMap([['retry-after', String(retryAfter)]]) };
  return new GraphQLError(message, {
    extensions: { ...refusal(code, message).extensions, retryAfter, http },
  });
}
