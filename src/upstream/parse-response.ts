import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { definitions } from './generated.ts';
import type { ProjectWithPolicyDto, TokenDto } from './models.ts';
import { parseJson } from './parse-json.ts';
import { UpstreamError } from './upstream-error.ts';

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
