import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { definitions } from './generated.ts';
import type { ProjectWithPolicyDto, TokenDto } from './models.ts';
import { readRetryAfter } from './send.ts';
import type { HttpResponse } from './transport.ts';
import { type ErrorDetail, UpstreamError } from './upstream-error.ts';

/** An item of a list that is not what the API promises. It fails alone: its neighbours stay readable. */
export interface BrokenItem {
  readonly id: string;
  readonly broken: UpstreamError;
}

/** One page of a listing. `next` is the key of the page behind it; absent at the end. */
export interface Page<Item> {
  readonly items: readonly (Item | BrokenItem)[];
  readonly next: string | undefined;
}

/** The API accepts no longer one as `exclusiveStartKey`. */
export const MAX_PAGE_KEY = 3000;

const ajv = new Ajv({ strict: false, validateFormats: false, ownProperties: true });
ajv.addSchema({ $id: 'iam', definitions: relax(definitions) });

const isToken = compile<TokenDto>('TokenDto');
const isProject = compile<ProjectWithPolicyDto>('ProjectWithPolicyDto');

/** A body of JSON, or an `UpstreamError` of kind `invalid-response`. */
export function readJson(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    throw invalid('not JSON');
  }
}

/** The token that was asked for: one with another id is as wrong as no token. */
export function readToken(body: string, id?: string): TokenDto {
  const value = readJson(body);
  if (!isToken(value)) throw invalid(describe(isToken));
  if (id !== undefined && value.id !== id) throw invalid('the answer is about another token');
  return value;
}

export function readTokenPage(body: string): Page<TokenDto> {
  return readPage(body, 'tokens', isToken);
}

export function readProjectPage(body: string): Page<ProjectWithPolicyDto> {
  return readPage(body, 'projects', isProject);
}

function readPage<Item>(body: string, member: string, isItem: ValidateFunction<Item>): Page<Item> {
  const value = readJson(body);
  if (!isObject(value) || !Array.isArray(value[member])) throw invalid(`no list of ${member}`);
  const items = value[member].map((item: unknown) => (isItem(item) ? item : broken(item, describe(isItem))));
  return { items, next: readPageKey(value.lastEvaluatedKey) };
}

/** Undefined at the end of the list. A key is sent back as it came, so one that was damaged on its way is no key. */
function readPageKey(key: unknown): string | undefined {
  if (key === undefined || key === null || key === '') return undefined;
  if (typeof key !== 'string') throw invalid('lastEvaluatedKey is not a string');
  if (key.length > MAX_PAGE_KEY) throw invalid(`lastEvaluatedKey is longer than ${MAX_PAGE_KEY} characters`);
  if (key.includes('\ufffd')) throw invalid('lastEvaluatedKey is not well-formed Unicode');
  return key;
}

/** Without an id no cursor can point behind the item, so then the page as a whole is invalid. */
function broken(item: unknown, problem: string): BrokenItem {
  if (!isObject(item) || typeof item.id !== 'string') throw invalid('a listed item has no id');
  return { id: item.id, broken: invalid(problem) };
}

function invalid(problem: string): UpstreamError {
  return new UpstreamError('invalid-response', problem);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where and what, for the log; never the value. */
function describe({ errors }: { errors?: ErrorObject[] | null }): string {
  const [error] = errors ?? [];
  return error ? `${error.instancePath || 'the answer'} ${error.message}` : 'wrong shape';
}

function compile<Dto>(name: keyof typeof definitions): ValidateFunction<Dto> {
  return ajv.compile<Dto>({ $ref: `iam#/definitions/${name}` });
}

/**
 * What must hold of an answer is less than what the document says: members may be added, enums may grow (an unknown
 * algorithm becomes null in the schema), and rules for input say nothing about what was stored before they were made.
 */
function relax(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(relax);
  if (!isObject(schema)) return schema;
  const {
    enum: _enum,
    pattern: _pattern,
    additionalProperties: _closed,
    minItems: _minItems,
    oneOf,
    ...rest
  } = schema;
  const relaxed = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, relax(value)]));
  return oneOf ? { ...relaxed, anyOf: relax(oneOf) } : relaxed;
}

const UNAUTHENTICATED = new Set(['UnauthorizedError', 'InvalidJwtTokenError']);

/** Whether IAM does not know who asks. It says so by 401, and by two names under any status. */
export function isUnauthenticated({ status, iamName }: UpstreamError): boolean {
  return status === 401 || (iamName !== undefined && UNAUTHENTICATED.has(iamName));
}

/**
 * The error of an answer that is no success. Bodies come from the service (`name`, `traceId`, `details`), from the
 * gateway in front of it (`message` alone), or are not JSON at all; of all of them only what is named here is read.
 */
export function toStatusError(response: HttpResponse, nowMs: number): UpstreamError {
  const { status } = response;
  if (status < 400) return new UpstreamError('invalid-response', `unexpected status ${status}`, { status });
  const body = readErrorBody(response.body);
  return new UpstreamError('status', `status ${status}${body.iamName ? ` ${body.iamName}` : ''}`, {
    status,
    retryAfterSeconds: readRetryAfter(response.headers['retry-after'], nowMs),
    ...body,
  });
}

interface ErrorBody {
  readonly iamName?: string | undefined;
  readonly traceId?: string | undefined;
  readonly details?: readonly ErrorDetail[];
}

function readErrorBody(text: string): ErrorBody {
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    return {};
  }
  if (typeof body !== 'object' || body === null) return {};
  const { name, traceId, details } = body as Record<string, unknown>;
  return {
    iamName: typeof name === 'string' && /^[A-Za-z]{1,64}$/.test(name) ? name : undefined,
    traceId: typeof traceId === 'string' && /^[\w.:=-]{1,128}$/.test(traceId) ? traceId : undefined,
    details: Array.isArray(details) ? details.slice(0, 20).flatMap(readDetail) : [],
  };
}

function readDetail(detail: unknown): ErrorDetail[] {
  if (typeof detail !== 'object' || detail === null) return [];
  const { issue, field } = detail as Record<string, unknown>;
  if (typeof issue !== 'string') return [];
  const shortIssue = cut(issue, 300);
  return [typeof field === 'string' ? { issue: shortIssue, field: cut(field, 200) } : { issue: shortIssue }];
}

/** A cut between the halves of a surrogate pair leaves half a character. */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}

const HIGH_SURROGATE = '[dD][89abAB][\\da-fA-F]{2}';
const LOW_SURROGATE = '[dD][c-fC-F][\\da-fA-F]{2}';
/** Every escape of a JSON text, so that `\\ud800`, an escaped backslash before some letters, is not taken for one. */
const ESCAPES = new RegExp(
  `\\\\(?:u${HIGH_SURROGATE}(?:\\\\u${LOW_SURROGATE})?|u${LOW_SURROGATE}|[\\s\\S])`,
  'g',
);
const LONE_LENGTH = '\\ud800'.length;

/**
 * Parses JSON that another service sent. Names and texts in the result are well-formed Unicode: half of a surrogate
 * pair, which JSON can escape, becomes U+FFFD, as an invalid byte does when a body is decoded. In a response to a client
 * it would stop strict JSON parsers (RFC 8259 section 8.2). Throws a `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(/\\ud/i.test(text) ? text.replace(ESCAPES, repair) : text);
}

function repair(escaped: string): string {
  return escaped.length === LONE_LENGTH ? '\\ufffd' : escaped;
}
