import {
  GraphQLID,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLList,
  type GraphQLScalarType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
} from 'graphql';
import { isJsonObject } from '../../json.ts';
import { isRepeatable, notAMember, notOfType, PRIVATE_KEY, PRIVATE_MEMBERS } from '../input-hints.ts';

/** After this many problems coercion stops, because describing them takes time and clients correct only a few at once. */
const MAX_PROBLEMS = 5;
const INEXACT_ID = 'must be a string: ids are strings, and this number may not be exact.';
/** Maximum length of all messages together, which are one message in the response. */
const MAX_CHARS = 400;

/** Collects what is wrong with the variables of one request. */
export type Problems = ReturnType<typeof createProblems>;

const DOES_NOT_FIT = 'does not fit its type.';

export function createProblems(isSchemaVisible: boolean) {
  const messages: string[] = [];
  let count = 0;
  let chars = 0;
  const problems = {
    messages,
    /** Whether there are enough problems, so that coercion stops. */
    isFull: false,
    /**
     * Adds a sentence about `place`. `hidden` replaces it where clients may not know the schema, and contains no schema name
     * that the client did not send.
     */
    add(place: Place, problem: string, hidden = DOES_NOT_FIT): void {
      if (problems.isFull) return;
      const message = `Variable "${toPath(place)}" ${isSchemaVisible ? problem : hidden}`;
      if (!messages.includes(message)) {
        chars += message.length + 1;
        if (messages.length === 0 || chars <= MAX_CHARS) messages.push(message);
      }
      problems.isFull = ++count >= MAX_PROBLEMS || chars > MAX_CHARS;
    },
  };
  return problems;
}

type Members = Readonly<Record<string, unknown>>;

/** Where a value stands. A linked list, because only the place of a problem is ever written out. */
interface Place {
  readonly above: Place | undefined;
  /** The variable with its `$`, the name of a member (of the schema, or `isRepeatable`), or an index. */
  readonly key: string | number;
}

/**
 * Coerces a value of JSON to one input type (GraphQL specification, section 3.12 "Input Coercion"), as graphql-js does with
 * three differences: it stops when `problems` is full, the messages repeat nothing of the value, and a JSON number is an ID
 * only where it is certain to be the number that the client wrote.
 *
 * Takes time in proportion to the value. The result is valid only if there are no problems.
 */
type InputCoercion = (value: unknown, at: Place, problems: Problems) => unknown;

const coercions = new WeakMap<GraphQLInputType, InputCoercion>();

/** Compiled once for each type, because finding the kind of a type takes graphql-js longer than coercing most values. */
export function coercionTo(type: GraphQLInputType): InputCoercion {
  const coerce = coercions.get(type) ?? compileCoercion(type);
  coercions.set(type, coerce);
  return coerce;
}

function compileCoercion(type: GraphQLInputType): InputCoercion {
  if (isNonNullType(type)) {
    const coerce = coercionTo(type.ofType);
    return (value, at, problems) =>
      value == null ? reject(value, type, at, problems) : coerce(value, at, problems);
  }
  const coerce = isListType(type)
    ? compileList(type)
    : isInputObjectType(type)
      ? compileObject(type)
      : compileLeaf(type);
  return (value, at, problems) => (value == null ? null : coerce(value, at, problems));
}

function compileList({ ofType }: GraphQLList<GraphQLInputType>): InputCoercion {
  const coerce = coercionTo(ofType);
  return (value, above, problems) => {
    if (!Array.isArray(value)) return [coerce(value, above, problems)];
    const coerced: unknown[] = [];
    for (let key = 0; key < value.length && !problems.isFull; key++)
      coerced.push(coerce(value[key], { above, key }, problems));
    return coerced;
  };
}

function compileObject(type: GraphQLInputObjectType): InputCoercion {
  return (value, at, problems) =>
    isJsonObject(value) ? coerceObject(value, type, at, problems) : reject(value, type, at, problems);
}

function coerceObject(
  value: Members,
  type: GraphQLInputObjectType,
  above: Place,
  problems: Problems,
): Record<string, unknown> {
  const fields = type.getFields();
  checkMembers(value, type, above, problems);
  const coerced: Record<string, unknown> = {};
  for (const { name, type: fieldType, defaultValue } of Object.values(fields)) {
    if (problems.isFull) break;
    if (Object.hasOwn(value, name)) {
      coerced[name] = coercionTo(fieldType)(value[name], { above, key: name }, problems);
    } else if (defaultValue !== undefined) coerced[name] = defaultValue;
    else if (isNonNullType(fieldType)) problems.add(above, `needs the member "${name}".`);
  }
  if (type.isOneOf && !hasOneMember(value, fields))
    problems.add(above, `must have exactly one member of "${type}", and it must not be null.`);
  return coerced;
}

function hasOneMember(value: Members, fields: Readonly<Record<string, unknown>>): boolean {
  const [given, ...others] = Object.keys(fields).filter((name) => Object.hasOwn(value, name));
  return given !== undefined && others.length === 0 && value[given] !== null;
}

/** If a member shows that the object is a private key, this is its only problem. */
function checkMembers(value: Members, type: GraphQLInputObjectType, above: Place, problems: Problems): void {
  const fields = type.getFields();
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
  if (unknown.some((key) => PRIVATE_MEMBERS.includes(key))) {
    problems.add(above, PRIVATE_KEY, PRIVATE_KEY);
    return;
  }
  for (const key of unknown) {
    if (problems.isFull) return;
    if (isRepeatable(key)) problems.add({ above, key }, notAMember(key, type));
    else problems.add(above, `has a member that ${type} does not define.`);
  }
}

function compileLeaf(type: GraphQLLeafType): InputCoercion {
  const parse = isEnumType(type)
    ? (value: unknown) => (typeof value === 'string' ? type.getValue(value)?.value : undefined)
    : (value: unknown) => parseScalar(value, type);
  return (value, at, problems) => {
    if (type === GraphQLID && typeof value === 'number') return coerceNumericId(value, at, problems);
    const coerced = parse(value);
    return coerced === undefined ? reject(value, type, at, problems) : coerced;
  };
}

function coerceNumericId(value: number, at: Place, problems: Problems): string | undefined {
  // JSON.parse rounds longer numbers, so the id would be a different one.
  if (Number.isSafeInteger(value)) return String(value);
  problems.add(at, INEXACT_ID, INEXACT_ID);
  return undefined;
}

/** Objects are not passed to `parseValue` of the scalars of GraphQL itself, whose error messages print the whole object. */
function parseScalar(value: unknown, type: GraphQLScalarType): unknown {
  if (typeof value === 'object' && isSpecifiedScalarType(type)) return undefined;
  try {
    return type.parseValue(value);
  } catch {
    return undefined;
  }
}

function reject(value: unknown, type: GraphQLInputType, at: Place, problems: Problems): undefined {
  problems.add(at, notOfType(value, type));
}

function toPath(place: Place): string {
  const keys: (string | number)[] = [];
  for (let at: Place | undefined = place; at; at = at.above) keys.unshift(at.key);
  return keys.join('.');
}
