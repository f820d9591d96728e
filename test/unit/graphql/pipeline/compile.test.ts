import { describe, expect, it } from '@jest/globals';
import { buildSchema, execute, type GraphQLObjectType, type OperationDefinitionNode, parse } from 'graphql';
import { compileOperation, findConditions } from '../../../../src/graphql/pipeline/compile.ts';
import { selectedFields } from '../../../../src/graphql/pipeline/selected-fields.ts';

const schema = buildSchema('type Query { token(id: ID!): String }');
const QUERY = 'query ($id: ID!) { token(id: $id) }';

describe('An operation', () => {
  it('is compiled only if its own document was checked', () => {
    const [document, other] = [parse(QUERY), parse(QUERY)];
    const operation = document.definitions[0] as OperationDefinitionNode;
    const rootFields = selectedFields(schema, document, operation);
    expect(findConditions(document, operation, rootFields)).toEqual([]);
    expect(findConditions(other, operation, rootFields)).toBeUndefined();
  });

  it('has the errors of GraphQL.js where several fields below one null fail', async () => {
    const lists = buildSchema(`
      type Query { page: Page }
      type Page { owner: String items: [Item] keys: [Item!] count: Int! size: Int! }
      type Item { note: String name: String! }
    `);
    const fail = () => {
      throw new Error('failed');
    };
    const resolvers: Record<string, Record<string, () => unknown>> = {
      Query: { page: () => ({ items: [{}, null, new Error('failed')], keys: [{}, {}] }) },
      Page: { owner: fail, count: fail, size: fail },
      Item: { note: fail, name: fail },
    };
    for (const [type, fields] of Object.entries(resolvers))
      for (const [field, resolve] of Object.entries(fields))
        Object.assign((lists.getType(type) as GraphQLObjectType).getFields()[field] as object, { resolve });
    for (const fields of [
      'owner count size',
      'items { note } count',
      'items { note name } owner',
      'keys { note } size',
      'keys { name }',
      'items { name } count',
    ]) {
      const document = parse(`{ page { ${fields} } }`);
      const operation = document.definitions[0] as OperationDefinitionNode;
      const compiled = compileOperation(lists, { document, operation, operationName: undefined }, {});
      const result = await compiled?.({} as never, {});
      const expected = await execute({ schema: lists, document });
      const paths = (errors: typeof expected.errors) => errors?.map(({ path }) => path?.join('.')).sort();
      expect({ fields, data: result?.data, errors: paths(result?.errors) }).toEqual({
        fields,
        data: expected.data,
        errors: paths(expected.errors),
      });
    }
  });
});
