import { describe, expect, it } from '@jest/globals';
import { type OperationDefinitionNode, parse } from 'graphql';
import { canCompile } from '../../../../src/graphql/pipeline/compile.ts';
import { createSchema, readTypeDefs } from '../../../../src/graphql/schema.ts';

const schema = createSchema(readTypeDefs());
const isCompiled = (text: string) => {
  const document = parse(text);
  return canCompile(schema, document, document.definitions[0] as OperationDefinitionNode);
};

describe('An operation', () => {
  it('that is a query with variables for its arguments is compiled', () => {
    expect(isCompiled('query ($first: Int, $id: ID!) { tokens(first: $first) { nodes { id } } }')).toBe(true);
  });

  it.each([
    ['a mutation', 'mutation ($input: DeleteTokenInput!) { deleteToken(input: $input) { deletedTokenId } }'],
    ['a query with a text', '{ token(id: "x") { id } }'],
    ['a query with a variable inside a list', 'query ($id: ID!) { tokensByIds(ids: [$id]) { id } }'],
    ['a query with a name that every object has', '{ tokens { toString: nodes { id } } }'],
  ])('that is %s is interpreted', (_title, text) => {
    expect(isCompiled(text)).toBe(false);
  });
});
