import {
  type DocumentNode,
  type GraphQLSchema,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
  visit,
} from 'graphql';
import { selectedFields } from './selected-fields.ts';

/** graphql-jit copies these into its program as they stand, and gives resolvers what graphql-js would. */
const SAFE_VALUES: ReadonlySet<ValueNode['kind']> = new Set([
  Kind.VARIABLE,
  Kind.INT,
  Kind.BOOLEAN,
  Kind.NULL,
]);

/**
 * Whether graphql-jit is certain to execute a validated operation as graphql-js does. Everything else is interpreted,
 * because graphql-jit 0.8:
 * - writes text literals into the program that it generates, and takes some of them for program text: a client could
 *   run code of its own;
 * - makes null of an absent variable that stands inside a list or an input object;
 * - loses members and variables whose names every JavaScript object has (`__proto__`, `toString`);
 * - starts all root fields, where graphql-js stops at the first that makes `data` null.
 *
 * Mutations spend their time in the IAM API, so they gain nothing.
 */
export function canCompile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): boolean {
  if (operation.operation !== 'query' || mayStopEarly(schema, document, operation)) return false;
  let isCertain = true;
  const expect = (condition: boolean) => {
    isCertain &&= condition;
  };
  visit(document, {
    OperationDefinition: (node) => (node === operation ? undefined : false),
    Name: ({ value }) => expect(!(value in Object.prototype)),
    Argument: ({ value }) => expect(SAFE_VALUES.has(value.kind)),
    // Used only for a variable that is absent, and then it has been coerced before.
    VariableDefinition: ({ variable }) => {
      expect(!(variable.name.value in Object.prototype));
      return false;
    },
  });
  return isCertain;
}

/** A root field that cannot be null ends the execution when it fails, while the others may be running. */
function mayStopEarly(
  schema: GraphQLSchema,
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): boolean {
  const fields = schema.getQueryType()?.getFields() ?? {};
  const selected = selectedFields(document, selectionSet, '').map(({ node }) => node);
  const keys = new Set(selected.map(({ alias, name }) => (alias ?? name).value));
  return keys.size > 1 && selected.some(({ name }) => isNonNullType(fields[name.value]?.type));
}
