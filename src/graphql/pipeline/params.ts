import type { FastifyRequest } from 'fastify';
import type { JsonBody } from '../../http/json-body.ts';

/** The members of a well-formed GraphQL request, whether it came by POST or by GET. */
export interface Params {
  readonly query: string | undefined;
  /** The id of a document: `documentId` as in GraphQL over HTTP, or `doc_id` as Relay sends it. */
  readonly documentId: string | undefined;
  /** The extension of Apollo's persisted queries, as it was sent. */
  readonly persistedQuery: unknown;
  /** Undefined also for an empty name, which means the same (GraphQL over HTTP). */
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** `JsonBody.commas`, an upper bound of the number of values that needs no further counting. 0 for GET. */
  readonly commas: number;
}

type Members = Readonly<Record<string, unknown>>;
export type RequestHead = Pick<FastifyRequest, 'method' | 'url' | 'headers' | 'body'>;

const SIMPLE_TYPES = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(;|$)/i;

/**
 * Whether a page of any site can make a browser send such a request, with nothing that shows that it was meant: a GET that
 * needs no CORS preflight (Fetch standard, "CORS-safelisted request-header"). A POST must be JSON, which needs one.
 */
export function mayBeCrossSite({ method, headers }: RequestHead): boolean {
  if (method !== 'GET') return false;
  const { 'content-type': type } = headers;
  const isSimple = type === undefined || SIMPLE_TYPES.test(type);
  return isSimple && !headers['apollo-require-preflight'] && !headers['x-apollo-operation-name'];
}

/** Undefined for a malformed request. Apollo Server describes what is wrong with it. */
export function readParams({ method, url, body }: RequestHead): Params | undefined {
  if (method === 'GET') return readSearch(new URLSearchParams(searchOf(url)));
  const { value: members, commas = 0 } = (body as JsonBody | undefined) ?? {};
  return isRecord(members) && !isEmpty(members, commas) ? readMembers(members, commas) : undefined;
}

/** Listing the names of thousands of members takes milliseconds; without a comma there is one at most. */
function isEmpty(members: Members, commas: number): boolean {
  return commas === 0 && Object.keys(members).length === 0;
}

function readMembers(members: Members, commas: number): Params | undefined {
  const query = members.query ?? undefined;
  const operationName = members.operationName ?? '';
  const variables = members.variables ?? {};
  const extensions = members.extensions ?? {};
  if (query !== undefined && typeof query !== 'string') return undefined;
  if (typeof operationName !== 'string' || !isRecord(variables) || !isRecord(extensions)) return undefined;
  return {
    query,
    documentId: firstString(members.documentId, members.doc_id),
    persistedQuery: extensions.persistedQuery || undefined,
    operationName: operationName === '' ? undefined : operationName,
    variables,
    commas,
  };
}

const SEARCH_NAMES = ['query', 'operationName', 'variables', 'extensions', 'documentId', 'doc_id'];

function readSearch(search: URLSearchParams): Params | undefined {
  const members: Record<string, unknown> = {};
  for (const name of SEARCH_NAMES) {
    const values = search.getAll(name);
    if (values.length > 1) return undefined;
    // Empty parameters count as absent, since clients build URLs from templates.
    members[name] = values[0] || undefined;
  }
  try {
    members.variables = JSON.parse(search.get('variables') || 'null');
    members.extensions = JSON.parse(search.get('extensions') || 'null');
  } catch {
    return undefined;
  }
  // Node.js limits a URL to 16 KB, so its values need no count.
  return readMembers(members, 0);
}

function searchOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}

/** The request as Apollo Server gets it: with the text in `params`, and without variables, since it executes nothing. */
export function toParsingRequest(
  { method, url, body }: RequestHead,
  params: Params | undefined,
): { readonly search: string; readonly body: unknown } {
  if (!params) return toMalformedRequest(searchOf(url), (body as JsonBody | undefined)?.value);
  const { query, operationName, persistedQuery } = params;
  const members = {
    ...(query === undefined ? {} : { query }),
    ...(operationName === undefined ? {} : { operationName }),
    ...(persistedQuery === undefined ? {} : { extensions: { persistedQuery: withTextHash(persistedQuery) } }),
  };
  if (method !== 'GET') return { search: '', body: { ...members, variables: {} } };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(members))
    search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return { search: `?${search}`, body: undefined };
}

/**
 * The malformed request without its text, which is not checked. Apollo Server only describes what is wrong with it. It reads
 * four members of a body; to copy all would take milliseconds where there are thousands.
 */
function toMalformedRequest(
  search: string,
  body: unknown,
): { readonly search: string; readonly body: unknown } {
  const params = new URLSearchParams(search);
  if (params.getAll('query').length === 1) params.set('query', '');
  return { search: `?${params}`, body: isRecord(body) ? withoutText(body) : body };
}

function withoutText(body: Members): Members {
  const names = ['query', 'operationName', 'variables', 'extensions'].filter((name) =>
    Object.hasOwn(body, name),
  );
  const members = Object.fromEntries(names.map((name) => [name, body[name]]));
  return typeof members.query === 'string' ? { ...members, query: '' } : members;
}

/** Apollo Server prints `sha256Hash` as it is. No text has an empty hash, so an invalid one becomes empty. */
function withTextHash(persistedQuery: unknown): unknown {
  if (!isRecord(persistedQuery) || typeof persistedQuery.sha256Hash === 'string') return persistedQuery;
  return { ...persistedQuery, sha256Hash: '' };
}

/** The hash of a persisted query, where it was sent as one. */
export function hashOf({ persistedQuery }: Params): string | undefined {
  return isRecord(persistedQuery) ? firstString(persistedQuery.sha256Hash) : undefined;
}

function firstString(...values: readonly unknown[]): string | undefined {
  return values.find((value) => typeof value === 'string');
}

/** Whether a value of JSON is an object. */
export function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
