import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildClientSchema,
  buildSchema,
  findBreakingChanges,
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLObjectType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { createSchema, readTypeDefs } from '../src/graphql/schema.ts';
import { definitions } from '../src/upstream/generated.ts';
import { type Gateway, startGateway } from './support/gateway.ts';

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

  it('says where a syntax error is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-schema-'));
    writeFileSync(join(folder, 'a.graphql'), 'type A { a: Int }');
    writeFileSync(join(folder, 'b.graphql'), 'type B {\n  b: Int!!\n}');
    expect(() => readTypeDefs(pathToFileURL(`${folder}/`))).toThrow(/schema\/b\.graphql:2:10\n/);
    rmSync(folder, { recursive: true });
  });

  it('has no input for a private part of a key', () => {
    const input = schema.getType('JsonWebKeyInput');
    const members = isInputObjectType(input) ? Object.keys(input.getFields()) : [];
    expect(members.sort()).toEqual(['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y']);
  });
});

/** Types whose objects come from IAM as they are. */
const MODELS = {
  Token: definitions.TokenDto,
  TokenAuthenticationMethod: definitions.AuthenticationMethodDto,
  JsonWebKeySet: definitions.PublicKeyInfoJwksDto,
  JsonWebKeySetLocation: definitions.PublicKeyInfoJwksUriDto,
  JsonWebKey: definitions.JsonWebKeyDto,
  Project: definitions.ProjectWithPolicyDto,
  Policy: definitions.PolicyDto,
};

it.each(Object.entries(MODELS))(
  'Each field of %s is a member that IAM sends, or has a resolver',
  (name, model) => {
    const executable = createSchema(readTypeDefs()).getType(name) as GraphQLObjectType;
    const members: Readonly<Record<string, object>> = model.properties;
    const required: readonly string[] = 'required' in model ? model.required : [];
    const isSent = (field: string) => required.includes(field) && !('nullable' in (members[field] ?? {}));
    const missing = Object.values(executable.getFields()).filter(
      ({ name: field, type, resolve }) =>
        !resolve && !(isNonNullType(type) ? isSent(field) : field in members),
    );
    expect(missing.map(({ name: field }) => field)).toEqual([]);
  },
);

describe('The printed schema', () => {
  let gateway: Gateway;
  let folder: string;
  beforeAll(async () => {
    gateway = await startGateway();
    folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-schema-'));
    execFileSync(process.execPath, ['tools/schema-print.mjs', folder]);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await gateway.close();
  });

  it('is the one that the gateway serves', async () => {
    const served = await fetch(`${gateway.origin}/schema.graphql`);
    const printed = readFileSync(join(folder, 'schema.graphql'), 'utf8');
    expect(await served.text()).toBe(printed);
    expect(printed).toContain('): TokenConnection @semanticNonNull');
    expect(printed).toContain('"""Display name that the owner gave."""');
  });

  it('says the same as introspection, one-of inputs included', () => {
    const introspection = JSON.parse(readFileSync(join(folder, 'schema.json'), 'utf8'));
    const input = introspection.__schema.types.find(
      ({ name }: { name: string }) => name === 'PublicKeyInfoInput',
    );
    expect(input.isOneOf).toBe(true);
    const fromText = buildSchema(readFileSync(join(folder, 'schema.graphql'), 'utf8'));
    const types = (schema: typeof fromText) =>
      Object.keys(lexicographicSortSchema(schema).getTypeMap()).filter((name) => !name.startsWith('__'));
    expect(types(buildClientSchema(introspection))).toEqual(types(fromText));
    expect(printSchema(buildClientSchema(introspection))).toContain('input PublicKeyInfoInput @oneOf');
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
