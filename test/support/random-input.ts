import {
  GraphQLBoolean,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  GraphQLNonNull,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql';
import type { Random } from './random.ts';

export interface RandomInputOptions {
  /**
   * A value that means something where one of this type is asked for under this name (an id that exists, a whole key),
   * or undefined to have one made up.
   */
  readonly suggest?: ((type: GraphQLNamedInputType, name: string) => unknown) | undefined;
  /** Share of values that do not fit their type; 0 if it is left out. */
  readonly wrong?: number;
  /** A text to stand in values that do not fit, which must come out nowhere. */
  readonly canary?: string;
  /** Share of variables with a name that every JavaScript object has, or that a generated program may use; 0 if left out. */
  readonly hostileNames?: number;
  /** Share of values that are variables; 0.4 if it is left out. */
  readonly variableShare?: number;
}

/** Names that code is likely to trip over. None is a name of the schema. */
export const HOSTILE_NAMES =
  '__proto__ constructor toString valueOf hasOwnProperty __context __parent idx0 coerced input errors data a_b then'.split(
    ' ',
  );

/** Values for one operation, and the variables that they need. */
export interface RandomInput {
  /** As it stands in a document: a variable, a literal, or a literal with variables inside. A variable is defined from then on. */
  literal(position: Position): string;
  /** For `@skip` and `@include`. */
  boolean(): string;
  /** `$name: Type` or `$name: Type = default`, of all variables so far. */
  definitions(): readonly string[];
  /** Other values for the same variables, each time. */
  variables(): Readonly<Record<string, unknown>>;
}

/** An argument, a member of an input object, or the items of a list. */
export interface Position {
  readonly name: string;
  readonly type: GraphQLInputType;
  /** Undefined if it has no default of its own. */
  readonly defaultValue?: unknown;
  /** Of a `@oneOf` type. */
  readonly isOnly?: boolean;
}

/** A value of an enum, or a variable: it has no quotes in a document. */
class Name {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  toJSON(): string {
    return this.name;
  }
}

export function createRandomInput(random: Random, options: RandomInputOptions): RandomInput {
  const { suggest, wrong = 0, canary = 'canary', hostileNames = 0, variableShare = 0.4 } = options;
  const definitions: string[] = [];
  /** What the next request may send for each variable: undefined leaves it out. */
  const drawn = new Map<string, () => unknown>();

  /** With `isLiteral`, a value of a document: it may be a variable, or have variables inside. */
  const valueFor = (position: Position, isLiteral: boolean): unknown => {
    const { name, type, isOnly = false } = position;
    if (isLiteral && random.chance(variableShare)) return new Name(define(position));
    if (random.chance(wrong)) return wrongValue(type);
    const isNull = !isNonNullType(type) && !isOnly && random.chance(0.05);
    return isNull ? null : presentValueFor(type, name, isLiteral);
  };
  const presentValueFor = (type: GraphQLInputType, name: string, isLiteral = false): unknown => {
    if (isNonNullType(type)) return presentValueFor(type.ofType, name, isLiteral);
    if (isListType(type)) {
      return Array.from({ length: random.integer(4) }, () =>
        valueFor({ name, type: type.ofType }, isLiteral),
      );
    }
    const suggested = suggest?.(type, name);
    if (suggested !== undefined) return suggested;
    if (isInputObjectType(type)) return objectOf(type, isLiteral);
    if (isEnumType(type)) return new Name(random.pick(type.getValues()).name);
    return scalarOf(type.name);
  };
  const objectOf = (type: GraphQLInputObjectType, isLiteral: boolean): unknown => {
    const fields = Object.values(type.getFields());
    const given = type.isOneOf
      ? [random.pick(fields)]
      : fields.filter((field) => isRequiredInputField(field) || random.chance(0.5));
    const members = given.map((field) => [
      field.name,
      valueFor({ ...field, isOnly: type.isOneOf }, isLiteral),
    ]);
    return Object.fromEntries(members);
  };
  const scalarOf = (name: string): unknown => {
    if (name === 'Boolean') return random.chance(0.5);
    if (name === 'Int') return random.integer(100);
    if (name === 'Float') return random.integer(1000) / 8;
    return `text ${random.integer(999)}`;
  };
  /** Of no type at all that is asked for here. */
  const wrongValue = (type: GraphQLInputType): unknown => {
    const isText = ['String', 'ID'].includes(getNamedType(type).name);
    const values: unknown[] = [{ [`m${random.integer(9)}`]: canary }, [[canary]], { secret: { d: canary } }];
    return random.pick(isText ? values : [...values, canary, 1.5, `"${canary}`]);
  };

  const unused = [...HOSTILE_NAMES];
  const nextName = (): string => {
    const hostile = unused[random.integer(unused.length - 1)];
    if (hostile === undefined || !random.chance(hostileNames)) return `v${drawn.size + 1}`;
    unused.splice(unused.indexOf(hostile), 1);
    return hostile;
  };
  /** A variable that validation allows here: a nullable one also where null is no value, if it or the place has a default. */
  const define = (position: Position): string => {
    const isStrict = isNonNullType(position.type) || position.isOnly === true;
    const variable = nextName();
    // JSON in the body of a request cannot have this member.
    if (variable === '__proto__') return declare(variable, nullable(position, isStrict), () => undefined);
    if (random.chance(isStrict ? 0.6 : 0.1))
      return declare(variable, `${getNullableType(position.type)}!`, () => draw(position, {}));
    const hasDefault = isStrict && position.defaultValue === undefined;
    const type = nullable(position, hasDefault || random.chance(0.2));
    return declare(variable, type, () => draw(position, { absent: 0.2, null: 0.1 }));
  };
  const nullable = ({ type, name }: Position, hasDefault: boolean): string =>
    `${getNullableType(type)}${hasDefault ? ` = ${print(presentValueFor(type, name))}` : ''}`;
  const declare = (variable: string, type: string, next: () => unknown): string => {
    definitions.push(`$${variable}: ${type}`);
    drawn.set(variable, next);
    return `$${variable}`;
  };
  const draw = ({ type, name }: Position, shares: { absent?: number; null?: number }): unknown => {
    if (random.chance(shares.absent ?? 0)) return undefined;
    if (random.chance(shares.null ?? 0)) return null;
    return random.chance(wrong) ? wrongValue(type) : single(presentValueFor(type, name));
  };
  /** A list of one item may be given as that item. */
  const single = (value: unknown): unknown =>
    Array.isArray(value) && value.length === 1 && value[0] !== null && random.chance(0.5) ? value[0] : value;

  return {
    literal: (position) => print(valueFor(position, true)),
    boolean: () =>
      random.chance(0.5)
        ? String(random.chance(0.5))
        : define({ name: 'if', type: new GraphQLNonNull(GraphQLBoolean) }),
    definitions: () => definitions,
    variables() {
      // Written as text: an object literal would take `__proto__` for its own.
      const given = [...drawn]
        .map(([name, draw]) => [name, draw()] as const)
        .filter(([, value]) => value !== undefined);
      return JSON.parse(JSON.stringify(Object.fromEntries(given)));
    },
  };
}

/** As GraphQL writes values: like JSON, but for values of enums, variables and the names of members. */
function print(value: unknown): string {
  if (value instanceof Name) return value.name;
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, member]) => `${name}: ${print(member)}`)
    .join(', ')} }`;
}
