import type { FastifyRequest } from 'fastify';
import type { JsonBody } from '../../http/json-body.ts';

/**
 * Under what a request may be shared with others of its caller; undefined where it is not certain that it only reads.
 * A mutation needs its keyword in the document, and GraphQL has one spelling of it. JSON has more, by escapes, and what
 * is sent by its id or hash has no document at all: those run alone. A mutation by GET is refused.
 */
export function sharedKey({ method, url, headers, body }: FastifyRequest): string | undefined {
  const { accept = '', 'content-type': type = '' } = headers;
  if (method === 'GET') {
    // What Apollo Server's protection against cross-site requests looks for, and its page is each time another.
    const preflight = headers['x-apollo-operation-name'] ?? headers['apollo-require-preflight'] ?? '';
    return accept.includes('html') ? undefined : `${url} ${accept} ${type} ${preflight}`;
  }
  const { text } = body as JsonBody;
  return /mutation|persistedQuery|documentId|doc_id|\\u/.test(text) ? undefined : `${text} ${accept}`;
}
