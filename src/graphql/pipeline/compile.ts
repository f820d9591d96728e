import {
  type DirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Variables } from './cost.ts';
import type { PreparedOperation } from './prepared-operations.ts';
import { applySkipAndInclude, type SelectedField } from './selected-fields.ts';

/** Maximum number of variables in conditions. Each one doubles the number of functions. */
const MAX_CONDITIONS = 6;

/** Literals that graphql-jit copies into its program unchanged, and passes to resolvers as graphql-js does. */
const SAFE_VALUES: ReadonlySet<ValueNode['kind']> = new Set([
  Kind.VARIABLE,
  Kind.INT,
  Kind.BOOLEAN,
  Kind.NULL,
]);

/**
 * The variables that decide what `@skip` and `@include` leave of an operation. graphql-jit confuses selections that such
 * directives leave out with equal selections without them, so an operation is compiled once for each combination of these
 * variables.
 *
 * Undefined unless graphql-jit is certain to execute the validated operation as graphql-js does. Everything else is
 * interpreted, because graphql-jit 0.8:
 * - writes text literals into the program that it generates, and takes some of them for program text: a client could run
 *   code of its own;
 * - makes null of an absent variable that stands inside a list or an input object;
 * - loses members and variables whose names every JavaScript object has (`__proto__`, `toString`);
 * - starts all root fields, where graphql-js stops at the first that makes `data` null.
 *
 * Mutations are not compiled, because they spend their time in IAM. Introspection, which anybody may send, is not,
 * because compiling takes several times as long as interpreting it.
 */
export function findConditions(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  rootFields: readonly SelectedField[],
): readonly string[] | undefined {
  if (operation.operation !== 'query' || mayStopEarly(rootFields)) return undefined;
  // Only nodes of `document` are visited, so an operation of another document would be compiled unchecked.
  let isCertain = document.definitions.includes(operation);
  const expect = (condition: boolean) => {
    isCertain &&= condition;
  };
  const conditions = new Set<string>();
  visit(document, {
    OperationDefinition: (node) => (node === operation ? undefined : false),
    Name: ({ value }) => expect(!(value in Object.prototype) && value !== '__schema' && value !== '__type'),
    Argument: ({ value }) => expect(SAFE_VALUES.has(value.kind)),
    Directive(directive) {
      const value = isCondition(directive) ? directive.arguments?.[0]?.value : undefined;
      if (value?.kind === Kind.VARIABLE) conditions.add(value.name.value);
    },
    // An executable document has no defaults, so they are not checked.
    VariableDefinition: ({ variable }) => {
      expect(!(variable.name.value in Object.prototype));
      return false;
    },
  });
  return isCertain && conditions.size <= MAX_CONDITIONS ? [...conditions] : undefined;
}

/**
 * Compiles for variables with the conditions of `sample`. Undefined if graphql-jit does not support the operation. A result
 * without errors is that of graphql-js. A result with errors may differ in their number and order.
 */
export function compileOperation(
  schema: GraphQLSchema,
  { executable, operationName }: Pick<PreparedOperation, 'executable' | 'operationName'>,
  sample: Variables,
): CompiledQuery | undefined {
  const compiled = compileQuery(schema, specialize(executable, sample), operationName, {
    disablingCapturingStackErrors: true,
    // No serialization is needed: IAM's responses are checked when they arrive, and internal values of scalars and enums
    // equal their output.
    disableLeafSerialization: true,
  });
  return isCompiledQuery(compiled) ? compiled : undefined;
}

/** When a non-null root field fails, the execution ends while other root fields may still be running. */
function mayStopEarly(rootFields: readonly SelectedField[]): boolean {
  return rootFields.length > 1 && rootFields.some(({ type }) => isNonNullType(type));
}

/** The document after `@skip` and `@include` are applied. */
function specialize(document: DocumentNode, variables: Variables): DocumentNode {
  return visit(applySkipAndInclude(document, variables), {
    Directive: (directive) => (isCondition(directive) ? null : undefined),
  });
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}
