import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  findBreakingChanges,
  type GraphQLArgument,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { readTypeDefs } from '../src/graphql/schema.ts';

const schema = buildSchema(readTypeDefs());
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

describe('The schema', () => {
  it('describes every type, field, argument and enum value', () => {
    expect(types.flatMap(undescribed)).toEqual([]);
  });

  it('breaks nothing of what was released', () => {
    const released = buildSchema(readFileSync(new URL('./released.graphql', import.meta.url), 'utf8'));
    expect(findBreakingChanges(released, schema)).toEqual([]);
  });

  it('has no input for a private part of a key', () => {
    const input = schema.getType('JsonWebKeyInput');
    const members = isInputObjectType(input) ? Object.keys(input.getFields()) : [];
    expect(members.sort()).toEqual(['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y']);
  });
});

function undescribed(type: GraphQLNamedType): string[] {
  const missing = type.description ? [] : [type.name];
  if (isEnumType(type))
    return [
      ...missing,
      ...type
        .getValues()
        .filter(({ description }) => !description)
        .map(({ name }) => `${type.name}.${name}`),
    ];
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return missing;
  for (const field of Object.values(type.getFields())) {
    if (!field.description) missing.push(`${type.name}.${field.name}`);
    const args: readonly GraphQLArgument[] = 'args' in field ? field.args : [];
    missing.push(
      ...args
        .filter(({ description }) => !description)
        .map(({ name }) => `${type.name}.${field.name}(${name})`),
    );
  }
  return missing;
}
