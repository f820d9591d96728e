import type { ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import { rejection } from '../errors.ts';
import { onClose } from '../http/connections.ts';
import { RETRY_AFTER_SECONDS } from '../http/error-response.ts';

const MAX_BYTES = 128 * 1024 * 1024;
/** Only responses from this size on count. A list of a hundred tokens has some 80 KB. */
const LARGE_BYTES = 512 * 1024;
const FULL =
  'Too many large responses wait for their clients at the moment. Wait `retryAfter` seconds before the next request.';

/**
 * Limits the memory of all responses that their clients have not read yet. The function counts a response until it is
 * complete, or returns the error when it does not fit beside others. A caller that has some gets half of the memory.
 */
export function createUnreadLimit() {
  let unread = 0;
  return (response: ServerResponse, bytes: number, isFirst: boolean): GraphQLError | undefined => {
    if (bytes < LARGE_BYTES) return undefined;
    if (unread > 0 && unread + bytes > (isFirst ? MAX_BYTES : MAX_BYTES / 2))
      return rejection('OVERLOADED', FULL, { retryAfter: RETRY_AFTER_SECONDS });
    unread += bytes;
    onClose(response, () => {
      unread -= bytes;
    });
    return undefined;
  };
}
