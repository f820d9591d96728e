import {
  GraphQLID,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
} from 'graphql';

/** After so many problems, coercion stops: a client mends a few at a time, and each costs something to describe. */
const MAX_PROBLEMS = 5;
/** RFC 7518 section 6: the members that only a private or symmetric key has. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Collects what is wrong with the variables of one request. */
export interface Problems {
  readonly messages: readonly string[];
  /** Nothing more needs to be looked for. */
  readonly isFull: boolean;
  add(message: string): void;
}

export function createProblems(): Problems {
  const messages: string[] = [];
  return {
    messages,
    get isFull() {
      return messages.length >= MAX_PROBLEMS;
    },
    add(message) {
      if (messages.length < MAX_PROBLEMS) messages.push(message);
    },
  };
}

type Members = Readonly<Record<string, unknown>>;

/** Where a value stands. Linked instead of a list, since only the place of a problem is ever written out. */
export interface Place {
  readonly above: Place | undefined;
  /** The variable with its `$`, the name of a member that the schema defines, or an index. */
  readonly key: string | number;
}

/**
 * Coerces a value of JSON to an input type (GraphQL specification, section 3.12 "Input Coercion"), as graphql-js does
 * with three differences: it stops when `problems` is full, the messages repeat nothing of the value, and a JSON number
 * is an ID only where it is certain to be the number that the client wrote.
 *
 * Takes time in proportion to the value. What it returns means nothing if there are problems.
 */
export function coerceInput(value: unknown, type: GraphQLInputType, at: Place, problems: Problems): unknown {
  if (isNonNullType(type)) {
    if (value !== null && value !== undefined) return coerceInput(value, type.ofType, at, problems);
    return reject(problems, at, `must be of type "${type}"`);
  }
  if (value === null || value === undefined) return null;
  if (isListType(type)) {
    return Array.isArray(value)
      ? coerceItems(value, type.ofType, at, problems)
      : [coerceInput(value, type.ofType, at, problems)];
  }
  if (isInputObjectType(type)) {
    return isRecord(value)
      ? coerceObject(value, type, at, problems)
      : reject(problems, at, `must be of type "${type}"`);
  }
  return coerceLeaf(value, type, at, problems);
}

function coerceItems(
  items: readonly unknown[],
  type: GraphQLInputType,
  above: Place,
  problems: Problems,
): unknown[] {
  const coerced: unknown[] = [];
  for (let key = 0; key < items.length && !problems.isFull; key++)
    coerced.push(coerceInput(items[key], type, { above, key }, problems));
  return coerced;
}

function coerceObject(
  value: Members,
  type: GraphQLInputObjectType,
  above: Place,
  problems: Problems,
): Record<string, unknown> {
  const fields = type.getFields();
  checkMembers(value, fields, type, above, problems);
  const coerced: Record<string, unknown> = {};
  for (const { name, type: fieldType, defaultValue } of Object.values(fields)) {
    if (problems.isFull) break;
    if (Object.hasOwn(value, name)) {
      coerced[name] = coerceInput(value[name], fieldType, { above, key: name }, problems);
    } else if (defaultValue !== undefined) coerced[name] = defaultValue;
    else if (isNonNullType(fieldType)) reject(problems, above, `needs the member "${name}"`);
  }
  if (type.isOneOf && !hasOneMember(value, fields))
    reject(problems, above, `must have exactly one member of "${type}", and it must not be null`);
  return coerced;
}

function hasOneMember(value: Members, fields: Readonly<Record<string, unknown>>): boolean {
  const [given, ...others] = Object.keys(fields).filter((name) => Object.hasOwn(value, name));
  return given !== undefined && others.length === 0 && value[given] !== null;
}

/** Stops at the first member that the type does not define. */
function checkMembers(
  value: Members,
  fields: Readonly<Record<string, unknown>>,
  type: GraphQLInputObjectType,
  at: Place,
  problems: Problems,
): void {
  for (const member in value) {
    if (Object.hasOwn(fields, member)) continue;
    const isPrivateKey = PRIVATE_MEMBERS.some(
      (name) => Object.hasOwn(value, name) && !Object.hasOwn(fields, name),
    );
    reject(
      problems,
      at,
      isPrivateKey
        ? 'holds a private key: send the public members only, and treat the key as exposed'
        : `has a member that "${type}" does not define`,
    );
    return;
  }
}

function coerceLeaf(value: unknown, type: GraphQLLeafType, at: Place, problems: Problems): unknown {
  if (type === GraphQLID && typeof value === 'number') {
    // JSON.parse rounds longer numbers: the id would be another one.
    if (Number.isSafeInteger(value)) return String(value);
    return reject(problems, at, 'must be a string: ids are strings, and this number may not be exact');
  }
  const coerced = parseLeaf(value, type);
  return coerced === undefined ? reject(problems, at, `must be of type "${type}"`) : coerced;
}

/** Objects do not reach `parseValue` of the types of GraphQL itself, which print them whole to say that they do not fit. */
function parseLeaf(value: unknown, type: GraphQLLeafType): unknown {
  if (isEnumType(type)) return typeof value === 'string' ? type.getValue(value)?.value : undefined;
  if (typeof value === 'object' && isSpecifiedScalarType(type)) return undefined;
  try {
    return type.parseValue(value);
  } catch {
    return undefined;
  }
}

function reject(problems: Problems, place: Place, what: string): undefined {
  const keys: (string | number)[] = [];
  for (let at: Place | undefined = place; at; at = at.above) keys.unshift(at.key);
  problems.add(`Variable "${keys.join('.')}" ${what}.`);
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
