import { HeaderMap, type HTTPGraphQLRequest, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { JsonBody } from '../../http/json-body.ts';
import { chooseResultType, prefersHtml } from '../../http/media-type.ts';
import type { PublicResult } from '../pipeline/execute.ts';

/** A request in the form that Apollo Server takes. */
export function toHttpGraphQLRequest({ method, url, headers, body }: FastifyRequest): HTTPGraphQLRequest {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  // Apollo Server's own negotiation knows `charset=utf-8` in one spelling only, and takes an empty header for none.
  // Its explorer page is the one other thing that it serves.
  const type = chooseResultType(headers.accept);
  const isPage = method === 'GET' && prefersHtml(headers.accept);
  if (type !== undefined && !isPage) map.set('accept', type);
  const search = url.indexOf('?');
  return {
    method,
    headers: map,
    search: search < 0 ? '' : url.slice(search),
    body: (body as JsonBody | undefined)?.value,
  };
}

/** The body of an answer of Apollo Server's. */
export function toBody({ body }: HTTPGraphQLResponse): string | Buffer {
  // Only `@defer` and `@stream` are answered in pieces, and the schema has neither.
  if (body.kind !== 'complete') throw new Error('Expected a complete answer, got one in pieces');
  return encode(body.string);
}

/** The same of a result: errors first, and a line end behind. */
export function printResult({ errors, data }: PublicResult): string | Buffer {
  return encode(`${JSON.stringify(errors ? { errors, data } : { data })}\n`);
}

/** From so many characters on, one body that many share is better encoded once. */
const LONG = 16_384;

/** A short text goes out in one piece with its head, which is cheaper than two. */
function encode(text: string): string | Buffer {
  return text.length < LONG ? text : Buffer.from(text);
}

/** Which media type the result of an operation has, by what its client accepts. */
export interface MediaTypes {
  /** Of a POST whose like was answered before; undefined for all others. */
  of(request: FastifyRequest): string | undefined;
  learn(request: FastifyRequest, answer: HTTPGraphQLResponse): void;
}

const MAX_MEDIA_TYPES = 100;

/** Apollo Server negotiates; what it chose for an `accept` once, it chooses for the same one again. */
export function createMediaTypes(): MediaTypes {
  const byAccept = new LRUCache<string, string>({ max: MAX_MEDIA_TYPES });
  return {
    of: ({ method, headers }) => (method === 'POST' ? byAccept.get(headers.accept ?? '') : undefined),
    learn({ method, headers: { accept = '' } }, { status = 200, headers }) {
      const mediaType = headers.get('content-type');
      if (method === 'POST' && status === 200 && mediaType !== undefined) byAccept.set(accept, mediaType);
    },
  };
}
