import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { isJsonObject } from '../json.ts';
import type { ProjectWithPolicyDto, TokenDto } from './generated.ts';
import { definitions } from './generated.ts';
import type { HttpResponse } from './transport.ts';
import { type ErrorDetail, UpstreamError } from './upstream-error.ts';

/** Stands for an item of a list that breaks the contract of IAM. It fails alone: the other items stay readable. */
export class InvalidItem extends UpstreamError {
  readonly id: string;

  constructor(id: string, problem: string) {
    super('invalid-response', problem);
    this.id = id;
  }
}

/** One page of a list. `next` is the key of the next page; undefined at the end. */
export interface Page<Item> {
  readonly items: readonly (Item | InvalidItem)[];
  readonly next: string | undefined;
  /** The characters of its JSON. */
  readonly chars: number;
}

/** A page has at most a hundred items. If IAM ignores `limit`, it may send all that fit into the largest response. */
const MAX_ITEMS = 10_000;
/** Longest `exclusiveStartKey` that IAM accepts. */
const MAX_PAGE_KEY = 3000;

const ajv = new Ajv({
  strict: false,
  validateFormats: false,
  ownProperties: true,
  // The schemas are generated: compiling the rules for schemas would double the time that this takes at each start.
  meta: false,
  validateSchema: false,
});
// Responses are checked less strictly than the OpenAPI document says: members may be added, enums may grow (an unknown
// algorithm becomes null in the schema), and rules for input, such as `format`, do not apply to values that IAM stored
// before the rules existed.
for (const keyword of ['enum', 'pattern', 'additionalProperties', 'minItems']) ajv.removeKeyword(keyword);
ajv.addSchema({ $id: 'iam', definitions });

const isToken = compile<TokenDto>('TokenDto');
const isProject = compile<ProjectWithPolicyDto>('ProjectWithPolicyDto');

/** Throws an `UpstreamError` of kind `invalid-response` when the body is not JSON. */
function readJson(body: string): unknown {
  const value = parseWellFormed(body);
  if (value === undefined) throw invalid('not JSON');
  return value;
}

/** The token with this id. A response about another token is rejected. */
export function readToken(body: string, id?: string): TokenDto {
  const value = readJson(body);
  if (!isToken(value)) throw invalid(describe(isToken));
  if (id !== undefined && value.id !== id) throw invalid('the response is about another token');
  return value;
}

/**
 * Checks the response to a delete: no body, or JSON. Anything else, such as the sign-in page of a proxy, is not from IAM.
 */
export function checkDeleteBody(body: string): void {
  if (body !== '') readJson(body);
}

export function readTokenPage(body: string): Page<TokenDto> {
  return readPage(body, 'tokens', isToken);
}

export function readProjectPage(body: string): Page<ProjectWithPolicyDto> {
  return readPage(body, 'projects', isProject);
}

function readPage<Item>(body: string, member: string, isItem: ValidateFunction<Item>): Page<Item> {
  const value = readJson(body);
  if (!isJsonObject(value) || !Array.isArray(value[member])) throw invalid(`no list of ${member}`);
  const list: unknown[] = value[member];
  // Each invalid item gets an error of its own, which takes longer than to parse it.
  if (list.length > MAX_ITEMS) throw invalid(`more than ${MAX_ITEMS} ${member}`);
  const items = list.map((item) => (isItem(item) ? item : toInvalidItem(item, describe(isItem))));
  return { items, next: readPageKey(value.lastEvaluatedKey), chars: body.length };
}

/** Undefined at the end of the list. A key must be sent back unchanged, so a damaged one is rejected. */
function readPageKey(key: unknown): string | undefined {
  if (key === undefined || key === null || key === '') return undefined;
  if (typeof key !== 'string') throw invalid('lastEvaluatedKey is not a string');
  if (key.length > MAX_PAGE_KEY) throw invalid(`lastEvaluatedKey is longer than ${MAX_PAGE_KEY} characters`);
  if (key.includes('\ufffd')) throw invalid('lastEvaluatedKey is not well-formed Unicode');
  return key;
}

/** Without an id no cursor can point behind the item, so the page as a whole is invalid. */
function toInvalidItem(item: unknown, problem: string): InvalidItem {
  if (!isJsonObject(item) || typeof item.id !== 'string') throw invalid('a listed item has no id');
  return new InvalidItem(item.id, problem);
}

function invalid(problem: string): UpstreamError {
  return new UpstreamError('invalid-response', problem);
}

/** The place and the problem, for the log; never the value. */
function describe({ errors }: { errors?: ErrorObject[] | null }): string {
  const [error] = errors ?? [];
  return error ? `${error.instancePath || 'the response'} ${error.message}` : 'wrong shape';
}

function compile<Dto>(name: keyof typeof definitions): ValidateFunction<Dto> {
  return ajv.compile<Dto>({ $ref: `iam#/definitions/${name}` });
}

/**
 * The error for a response without a success status. Bodies come from IAM (`name`, `traceId`, `details`), from the
 * API gateway in front of it (only `message`), or are not JSON. Nothing but these three members is read. `own` is the
 * gateway's own credential, if the request had it: callers must not see it where a body quotes the request, also encoded or
 * cut. It is removed after the JSON is parsed, because JSON can escape any character.
 */
export function toStatusError(response: HttpResponse, own?: string): UpstreamError {
  const { status } = response;
  if (status < 400) return new UpstreamError('invalid-response', `unexpected status ${status}`, { status });
  const { name, traceId, details } = readJsonObject(response.body) ?? {};
  const read = (text: unknown) =>
    own && typeof text === 'string' ? text.replaceAll(own, '').replace(LONG_WORD, '…') : text;
  const iamName = matching(read(name), /^[A-Za-z]{1,64}$/);
  return new UpstreamError('status', `status ${status}${iamName ? ` ${iamName}` : ''}`, {
    status,
    iamName,
    traceId: matching(read(traceId), /^[\w.:=-]{1,128}$/),
    details: Array.isArray(details) ? details.slice(0, 20).flatMap((detail) => readDetail(detail, read)) : [],
    retryAfterSeconds: readRetryAfter(response.headers),
    hadOwnCredential: own !== undefined,
  });
}

/** Matches what may be an encoded credential. ARIs are kept, because they have colons; a long URL is removed too. */
const LONG_WORD = /(?<![^\s:])[^\s:]{64,}/g;

function readDetail(detail: unknown, read: (text: unknown) => unknown): ErrorDetail[] {
  if (!isJsonObject(detail)) return [];
  const [issue, field] = [read(detail.issue), read(detail.field)];
  if (typeof issue !== 'string') return [];
  return [{ issue: cut(issue, 300), ...(typeof field === 'string' && { field: cut(field, 200) }) }];
}

/** Cutting between the halves of a surrogate pair would leave half a character. */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}

/** `value` if it is a string that matches `pattern`. */
export function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}

/** A wait of more than 24 days would end at once: timers of JavaScript have 31 bits. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in seconds, a day at most: a number or an HTTP date, by the clock of the server
 * where the response has its time. Undefined when absent, malformed or in the past.
 */
export function readRetryAfter(headers: HttpResponse['headers']): number | undefined {
  const { 'retry-after': value = '', date = '' } = headers;
  // undici leaves blanks behind a value.
  if (/^\d+\s*$/.test(value)) return Math.min(Number(value), MAX_RETRY_AFTER_SECONDS);
  const seconds = Math.ceil((Date.parse(value) - (Date.parse(date) || Date.now())) / 1000);
  return seconds > 0 && !/^-?\d/.test(value) ? Math.min(seconds, MAX_RETRY_AFTER_SECONDS) : undefined;
}

/** The JSON object in a text; undefined for anything else. */
export function readJsonObject(text: string): Record<string, unknown> | undefined {
  const value = parseWellFormed(text);
  return isJsonObject(value) ? value : undefined;
}

/**
 * Parses JSON that another service sent. Half of a surrogate pair, which JSON can escape, becomes U+FFFD, as an invalid
 * byte does when a body is decoded: a client's strict parser would reject the whole response (RFC 8259 section 8.2).
 * Undefined if the text is not JSON, or has such halves and is nested by the thousand. The error is dropped, because its
 * message quotes the text.
 */
function parseWellFormed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // Few texts have such escapes.
    return text.includes('\\u') && /\\ud[89a-f]/i.test(text) ? toWellFormed(value) : value;
  } catch {
    return undefined;
  }
}

/** Changes `value`. A reviver for `JSON.parse` would take several times as long. */
function toWellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object') return value;
  // A list is read by index, because making a list of its keys would take longer than everything else.
  if (Array.isArray(value)) for (let at = 0; at < value.length; at++) value[at] = toWellFormed(value[at]);
  else if (isJsonObject(value))
    for (const name of Object.keys(value)) value[name] = toWellFormed(value[name]);
  return value;
}
