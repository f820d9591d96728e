import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLScalarType,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { Variables } from './cost.ts';
import type { Context } from './request.ts';

interface Operation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
}

/** Executes an operation by graphql-js, with variables that are coerced already. */
export type Interpret = (
  operation: Operation,
  variables: Variables,
  context: Context | undefined,
) => Promise<ExecutionResult>;

/** Takes any value as it is. No schema can define a type of this name. */
const COERCED = new GraphQLScalarType({ name: '__Coerced', parseValue: (value) => value });

/**
 * graphql-js coerces variables itself, and to do so a second time takes milliseconds for a thousand values. So it gets a
 * document in which every variable has a type that takes its value as it is. Arguments are the same: graphql-js looks at
 * the types of variables only to coerce them.
 */
export function createInterpreter(schema: GraphQLSchema): Interpret {
  const getType: GraphQLSchema['getType'] = (name) =>
    name === COERCED.name ? COERCED : schema.getType(name);
  const ownSchema: GraphQLSchema = Object.create(schema, { getType: { value: getType } });
  const documents = new WeakMap<OperationDefinitionNode, DocumentNode>();

  const documentOf = ({ document, operation }: Operation): DocumentNode => {
    const known = documents.get(operation);
    if (known) return known;
    const own = withCoercedVariables(document, operation);
    documents.set(operation, own);
    return own;
  };
  return async (operation, variableValues, contextValue) =>
    execute({
      schema: ownSchema,
      document: documentOf(operation),
      operationName: operation.operationName,
      variableValues,
      contextValue,
    });
}

function withCoercedVariables(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode {
  const variableDefinitions = operation.variableDefinitions?.map(toCoerced) ?? [];
  return {
    ...document,
    definitions: document.definitions.map((definition) =>
      definition === operation ? { ...operation, variableDefinitions } : definition,
    ),
  };
}

/** Without its default: a variable that has one is never absent. */
function toCoerced({ kind, variable }: VariableDefinitionNode): VariableDefinitionNode {
  return {
    kind,
    variable,
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: COERCED.name } },
  };
}
