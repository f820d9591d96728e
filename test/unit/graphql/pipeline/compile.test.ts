import { describe, expect, it } from '@jest/globals';
import { buildSchema, type OperationDefinitionNode, parse } from 'graphql';
import { findConditions } from '../../../../src/graphql/pipeline/compile.ts';
import { findSelectedFields } from '../../../../src/graphql/pipeline/selected-fields.ts';

const schema = buildSchema('type Query { token(id: ID!): String }');
const QUERY = 'query ($id: ID!) { token(id: $id) }';

describe('An operation', () => {
  it('is compiled only if its own document was checked', () => {
    const [document, other] = [parse(QUERY), parse(QUERY)];
    const operation = document.definitions[0] as OperationDefinitionNode;
    const rootFields = findSelectedFields(schema, document, operation);
    expect(findConditions(document, operation, rootFields)).toEqual([]);
    expect(findConditions(other, operation, rootFields)).toBeUndefined();
  });
});
