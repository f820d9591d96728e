import {
  type DocumentNode,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromAST,
} from 'graphql';
import { coerceInput, createProblems, type Problems } from './coerce-input.ts';
import { createNullCheck } from './null-variables.ts';

type Variables = Readonly<Record<string, unknown>>;

/**
 * Coerces the variables of one operation (GraphQL specification, section 6.1.2). `values` has the defaults of variables
 * and of members in it, and nothing for a variable that is absent. It is for use only if there are no `problems`: at most
 * five sentences for the client, which name places and types and repeat no value.
 */
export type VariableCoercion = (given: Variables) => {
  readonly values: Record<string, unknown>;
  readonly problems: readonly string[];
};

/**
 * For a validated operation. Types and positions are looked up once, for all of its requests. The executor must not be
 * the first to coerce variables: its messages print the offending value (graphql-js#2629), so a key that was pasted with
 * its private half would be in the response and in every log.
 */
export function createVariableCoercion(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  isSchemaVisible: boolean,
): VariableCoercion {
  const coercers = (operation.variableDefinitions ?? []).map((definition) =>
    createCoercer(schema, definition),
  );
  const checkNulls = createNullCheck(schema, document, operation);
  return (given) => {
    // Without a prototype, so that `__proto__` is a name like others.
    const values: Record<string, unknown> = Object.create(null);
    const problems = createProblems(isSchemaVisible);
    for (const coerce of coercers) coerce(given, values, problems);
    if (problems.messages.length === 0) checkNulls(values, problems);
    return { values, problems: problems.messages };
  };
}

function createCoercer(
  schema: GraphQLSchema,
  { variable, type: typeNode, defaultValue }: VariableDefinitionNode,
) {
  const name = variable.name.value;
  const type = typeFromAST(schema, typeNode);
  const place = { above: undefined, key: `$${name}` };
  return (given: Variables, values: Record<string, unknown>, problems: Problems) => {
    if (!type || !isInputType(type) || problems.isFull) return;
    if (Object.hasOwn(given, name)) values[name] = coerceInput(given[name], type, place, problems);
    else if (defaultValue) values[name] = valueFromAST(defaultValue, type);
    else if (isNonNullType(type)) {
      const problem = `of required type "${type}" was not provided.`;
      problems.add(place, problem, problem);
    }
  };
}
