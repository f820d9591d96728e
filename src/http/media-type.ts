import { LRUCache } from 'lru-cache';

/** The media types that a GraphQL result can have, in the order of preference of this server. */
const RESULT_TYPES = ['application/json', 'application/graphql-response+json'] as const;
export type ResultType = (typeof RESULT_TYPES)[number];
const TYPES = [...RESULT_TYPES, 'text/html'] as const;
type Type = (typeof TYPES)[number];

interface MediaRange {
  // Type and subtype in lower case. Either may be an asterisk.
  readonly essence: string;
  /** Names in lower case, values without quotation marks, in the order in which they were sent. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** From 0, not acceptable, to 1. */
  readonly weight: number;
}

const TOKEN = "[!#$%&'*+.^_`|~\\dA-Za-z-]+";
const QUOTED = '"(?:[^"\\\\]|\\\\[\\s\\S])*"';
const ESSENCE = new RegExp(`[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*`, 'y');
const PARAMETER = new RegExp(`;[ \\t]*(?:(${TOKEN})[ \\t]*=[ \\t]*(${TOKEN}|${QUOTED}))?[ \\t]*`, 'y');
/** The elements of a list; a comma in a quoted string separates nothing. */
const ELEMENTS = /(?:[^,"]|"(?:[^"\\]|\\[\s\S])*"?)+/g;
/** Browsers send about ten. The rest of a longer list is not read, since each element takes microseconds. */
const MAX_ELEMENTS = 100;
const WEIGHT = /^(?:0(?:\.\d*)?|\.\d+|1(?:\.0*)?)$/;

/**
 * The media type of a GraphQL result for this `Accept` header (RFC 9110 section 12.5.1); undefined when the client
 * accepts neither. Without the header, and with an empty one, any type is acceptable.
 */
export function chooseResultType(accept: string | undefined): ResultType | undefined {
  return accept === undefined || accept === '*/*' ? RESULT_TYPES[0] : choices.memo(accept).result;
}

/** Whether a browser prefers a page to a GraphQL result. */
export function prefersHtml(accept: string | undefined): boolean {
  return accept !== undefined && accept !== '*/*' && choices.memo(accept).isHtml;
}

/** Why a body of this `Content-Type` cannot be read as JSON in UTF-8; undefined when it can. */
export function findJsonTypeProblem(contentType: string | undefined): 'type' | 'charset' | undefined {
  if (contentType === 'application/json') return undefined;
  const type = contentType === undefined ? undefined : parseMediaRange(contentType);
  if (type?.essence !== 'application/json') return 'type';
  return type.parameters.every(([name, value]) => name !== 'charset' || isUtf8(value))
    ? undefined
    : 'charset';
}

/**
 * The types that the client accepts, the best first: by their weight; then a type that is named goes before one that only
 * a wildcard allows; then the order of the header decides, then the order of `TYPES`.
 */
function rank(accept: string): readonly Type[] {
  const elements = elementsOf(accept);
  if (elements.length === 0) return TYPES;
  const ranges = elements.flatMap((element) => parseMediaRange(element) ?? []);
  return TYPES.flatMap((type) => matchOf(type, ranges) ?? [])
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || b.specificity - a.specificity || a.order - b.order)
    .map(({ type }) => type);
}

/** The first elements of a list that are not empty. */
function elementsOf(list: string): string[] {
  const elements: string[] = [];
  for (const [element] of list.matchAll(ELEMENTS)) {
    if (element.trim() !== '') elements.push(element);
    if (elements.length === MAX_ELEMENTS) break;
  }
  return elements;
}

// The most specific range decides about a type: with `application/json;q=0, */*` JSON is not acceptable.
function matchOf(type: Type, ranges: readonly MediaRange[]) {
  const matches = ranges.flatMap((range, order) => {
    const specificity = specificityFor(type, range);
    return specificity === undefined ? [] : { type, weight: range.weight, specificity, order };
  });
  return matches.sort((a, b) => b.specificity - a.specificity || b.weight - a.weight)[0];
}

/** Undefined when the range does not contain `type`. All of our types are in UTF-8 and have no other parameter. */
function specificityFor(type: string, { essence, parameters }: MediaRange): number | undefined {
  if (!parameters.every(([name, value]) => name === 'charset' && isUtf8(value))) return undefined;
  if (essence === type) return 2 + parameters.length;
  if (essence === `${type.split('/', 1)[0]}/*`) return 1;
  return essence === '*/*' ? 0 : undefined;
}

/** `utf8` is not registered at IANA, but clients send it, and it has no other meaning. */
function isUtf8(charset: string): boolean {
  return /^utf-?8$/i.test(charset);
}

/** A media type or a media range with its weight; undefined when it is malformed. Takes linear time. */
function parseMediaRange(text: string): MediaRange | undefined {
  ESSENCE.lastIndex = 0;
  const essence = ESSENCE.exec(text)?.[1]?.toLowerCase();
  if (essence === undefined) return undefined;
  const parameters: [string, string][] = [];
  for (let at = ESSENCE.lastIndex; at < text.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (match === null) return undefined;
    const [, name, value = ''] = match;
    if (name !== undefined) parameters.push([name.toLowerCase(), unquote(value)]);
  }
  // `q` ends the parameters of the media type.
  const weightAt = parameters.findIndex(([name]) => name === 'q');
  if (weightAt < 0) return { essence, parameters, weight: 1 };
  const [, weight = ''] = parameters[weightAt] ?? [];
  if (!WEIGHT.test(weight)) return undefined;
  return { essence, parameters: parameters.slice(0, weightAt), weight: Number(weight) };
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\([\s\S])/g, '$1') : value;
}

interface Choice {
  readonly result: ResultType | undefined;
  readonly isHtml: boolean;
}

/** Clients send few different headers, so the choices are cached. */
const choices = new LRUCache<string, Choice>({ max: 100, memoMethod: choose });

function choose(accept: string): Choice {
  const types = rank(accept);
  return { result: types.find((type) => type !== 'text/html'), isHtml: types[0] === 'text/html' };
}
