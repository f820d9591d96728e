import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { readTypeDefs } from '../../src/graphql/schema.ts';

/** The names of types, fields, arguments and enum values of the schema. */
export function readSchemaNames(): ReadonlySet<string> {
  const types = Object.values(buildSchema(readTypeDefs()).getTypeMap());
  return new Set(
    types
      .filter(({ name }) => !name.startsWith('__'))
      .flatMap((type) => {
        if (isEnumType(type)) return [type.name, ...type.getValues().map(({ name }) => name)];
        if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return [type.name];
        const fields = Object.values(type.getFields());
        const args = fields.flatMap((field) => ('args' in field ? field.args : []));
        return [type.name, ...[...fields, ...args].map(({ name }) => name)];
      }),
  );
}
