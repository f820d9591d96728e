import type { FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import { rejection } from '../../errors.ts';
import { HttpError } from '../../http/error-response.ts';
import { findJsonTypeProblem } from '../../http/media-type.ts';
import { pathOf } from '../../http/validate-request.ts';
import { isJsonObject, parseJson } from '../../json.ts';

/** The members of a well-formed GraphQL request, whether it came by POST or by GET. Empty texts count as absent. */
export interface Params {
  readonly query: string | undefined;
  /** The id of a document: `documentId` as in GraphQL over HTTP, or `doc_id` as Relay sends it. */
  readonly documentId: string | undefined;
  /**
   * The extension of Apollo's persisted queries. A wrong version is 0, which Apollo Server rejects; a malformed hash is empty,
   * which is the hash of no text.
   */
  readonly persistedQuery: { readonly version: 0 | 1; readonly sha256Hash: string } | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Members = Readonly<Record<string, unknown>>;
type RequestHead = Pick<FastifyRequest, 'method' | 'url' | 'headers' | 'body'>;

const SIMPLE_TYPES = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(;|$)/i;

const CROSS_SITE =
  'Any web page can make a browser send this GET, so it was not run. Send `content-type: application/json` or `apollo-require-preflight: true` with it, or use POST.';

/**
 * Rejects a GET that needs no CORS preflight, because a page of any site can make a browser send it (Fetch standard,
 * "CORS-safelisted request-header"). A POST must be JSON, which needs a preflight.
 */
function checkGet({ headers }: RequestHead): void {
  const { 'content-type': type } = headers;
  const isSimple = type === undefined || SIMPLE_TYPES.test(type);
  if (isSimple && !headers['apollo-require-preflight'] && !headers['x-apollo-operation-name'])
    throw malformed(CROSS_SITE);
  if (type !== undefined && findJsonTypeProblem(type) === 'type')
    throw new HttpError(415, 'Send a GET as `content-type: application/json`, or without a type.');
}

/** Throws the public error for a malformed request. */
export function readParams(request: RequestHead): Params {
  const { method, url, body } = request;
  if (method === 'GET') {
    checkGet(request);
    return readSearch(new URLSearchParams(url.slice(pathOf(url).length)));
  }
  if (Array.isArray(body)) throw malformed('Batches are not supported. Send one operation per request.');
  if (!isJsonObject(body)) throw malformed('The body must be a JSON object.');
  return readMembers(body);
}

function readMembers(members: Members): Params {
  const query = readText('query', members);
  const operationName = readText('operationName', members);
  const variables = readObject('variables', members);
  const persistedQuery = readPersistedQuery(readObject('extensions', members).persistedQuery);
  const relayId = readText('doc_id', members);
  const documentId = readText('documentId', members) ?? relayId;
  if (!(query || documentId || persistedQuery)) throw malformed('Send `query`, or the id of a document.');
  return { query, documentId, persistedQuery, operationName, variables };
}

function readText(name: string, members: Members): string | undefined {
  const value = members[name] ?? '';
  if (typeof value !== 'string') throw malformed(`\`${name}\` must be a string.`);
  return value || undefined;
}

function readObject(name: 'variables' | 'extensions', members: Members): Members {
  const value = members[name] ?? {};
  if (!isJsonObject(value)) throw malformed(`\`${name}\` must be a JSON object, and not the text of one.`);
  return value;
}

const SEARCH_NAMES = ['query', 'operationName', 'variables', 'extensions', 'documentId', 'doc_id'];

function readSearch(search: URLSearchParams): Params {
  const members: Record<string, unknown> = {};
  for (const name of SEARCH_NAMES) {
    const [value, ...more] = search.getAll(name);
    if (more.length > 0) throw malformed(`The parameter \`${name}\` must not be repeated.`);
    // Clients that build URLs from templates send empty parameters.
    if (!value) continue;
    members[name] = name === 'variables' || name === 'extensions' ? parseJson(value) : value;
    if (members[name] === undefined) throw malformed(`The parameter \`${name}\` must be JSON.`);
  }
  return readMembers(members);
}

function malformed(message: string): GraphQLError {
  return rejection('BAD_REQUEST', message);
}

/** Copies what Apollo Server reads, so that nothing else of the body is kept while the operation runs. */
function readPersistedQuery(value: unknown): Params['persistedQuery'] {
  if (!value) return undefined;
  const { version, sha256Hash } = isJsonObject(value) ? value : {};
  return { version: version === 1 ? 1 : 0, sha256Hash: typeof sha256Hash === 'string' ? sha256Hash : '' };
}
