import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  getNamedType,
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
}

/** Values for one operation, and the variables that they need. */
export interface RandomInput {
  /** As it stands in a document: a literal, or a variable that is defined from then on. */
  literal(type: GraphQLInputType, name: string): string;
  /** For `@skip` and `@include`. */
  boolean(): string;
  /** `$name: Type` or `$name: Type = default`, of all variables so far. */
  definitions(): readonly string[];
  variables(): Readonly<Record<string, unknown>>;
}

/** A name of an enum's value, which has no quotes in a document. */
class EnumName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  toJSON(): string {
    return this.name;
  }
}

export function createRandomInput(random: Random, options: RandomInputOptions): RandomInput {
  const { suggest, wrong = 0, canary = 'canary' } = options;
  const definitions: string[] = [];
  const variables: Record<string, unknown> = {};

  const valueFor = (type: GraphQLInputType, name: string): unknown => {
    if (random.chance(wrong)) return wrongValue(type);
    if (isNonNullType(type)) return presentValueFor(type.ofType, name);
    return random.chance(0.05) ? null : presentValueFor(type, name);
  };
  const presentValueFor = (type: GraphQLInputType, name: string): unknown => {
    if (isNonNullType(type)) return presentValueFor(type.ofType, name);
    if (isListType(type)) return Array.from({ length: random.integer(4) }, () => valueFor(type.ofType, name));
    const suggested = suggest?.(type, name);
    if (suggested !== undefined) return suggested;
    if (isInputObjectType(type)) return objectOf(type);
    if (isEnumType(type)) return new EnumName(random.pick(type.getValues()).name);
    return scalarOf(type.name);
  };
  const objectOf = (type: GraphQLInputObjectType): unknown => {
    const fields = Object.values(type.getFields());
    // Exactly one member, and that is not null.
    if (type.isOneOf) return Object.fromEntries([random.pick(fields)].map(presentMember));
    const given = fields.filter((field) => isRequiredInputField(field) || random.chance(0.5));
    return Object.fromEntries(given.map((field) => [field.name, valueFor(field.type, field.name)]));
  };
  const presentMember = ({ name, type }: GraphQLInputField) => [name, presentValueFor(type, name)];
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

  const define = (type: GraphQLInputType, name: string): string => {
    const variable = `v${definitions.length + 1}`;
    const isGiven = isNonNullType(type) || random.chance(0.8);
    const hasDefault = !isNonNullType(type) && random.chance(0.2);
    definitions.push(`$${variable}: ${type}${hasDefault ? ` = ${print(presentValueFor(type, name))}` : ''}`);
    // The same on the wire, and no class instance for whoever executes without one.
    if (isGiven) variables[variable] = JSON.parse(JSON.stringify(valueFor(type, name)));
    return `$${variable}`;
  };
  return {
    literal: (type, name) => (random.chance(0.5) ? define(type, name) : print(valueFor(type, name))),
    boolean() {
      if (random.chance(0.5)) return String(random.chance(0.5));
      const variable = `v${definitions.length + 1}`;
      definitions.push(`$${variable}: Boolean!`);
      variables[variable] = random.chance(0.5);
      return `$${variable}`;
    },
    definitions: () => definitions,
    variables: () => variables,
  };
}

/** As GraphQL writes values: like JSON, but for names of enum values and of members. */
function print(value: unknown): string {
  if (value instanceof EnumName) return value.name;
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, member]) => `${name}: ${print(member)}`)
    .join(', ')} }`;
}
