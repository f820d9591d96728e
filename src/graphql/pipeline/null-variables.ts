import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLSchema,
  getNullableType,
  type InlineFragmentNode,
  isInputObjectType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Problems } from './coerce-input.ts';
import { findFragment } from './selected-fields.ts';

type Variables = Readonly<Record<string, unknown>>;

/**
 * Checks that nullable variables are not null where null is no value.
 *
 * Validation allows a nullable variable at a non-null position if the variable or the position has a default, and an
 * explicit null then passes both. It also allows one as the member of a `@oneOf` type. graphql-js fails the field in
 * these cases, with an error that cannot be told from a defect of the server. Here the request is rejected before
 * anything runs, even if the field would not be reached because a list above it turns out to be empty.
 */
export function createNullCheck(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (values: Variables, problems: Problems) => void {
  const nullable = new Set<string>();
  for (const { variable, type } of operation.variableDefinitions ?? []) {
    if (type.kind !== Kind.NON_NULL_TYPE) nullable.add(variable.name.value);
  }
  if (nullable.size === 0) return () => undefined;

  const atRisk = new Set<string>();
  visitVariables(schema, document, operation, {}, (name, types) => {
    if (nullable.has(name) && (problemOf(null, types) ?? problemOf(undefined, types))) atRisk.add(name);
  });
  return (values, problems) => {
    const missing = new Set(
      [...atRisk].filter((name) => values[name] === null || values[name] === undefined),
    );
    if (missing.size === 0) return;
    visitVariables(schema, document, operation, values, (name, types) => {
      const problem = missing.has(name) ? problemOf(values[name], types) : undefined;
      if (problem === undefined) return;
      missing.delete(name);
      problems.add({ above: undefined, key: `$${name}` }, `${problem}.`, 'must not be null here.');
    });
  };
}

/** Why a variable that is null or absent cannot stand at the present position. */
function problemOf(value: unknown, types: TypeInfo): string | undefined {
  // The position of the object itself may be non-null.
  const parent = getNullableType(types.getParentInputType());
  if (isInputObjectType(parent) && parent.isOneOf)
    return `must have a value that is not null: it is the one member of "${parent}"`;
  const type = types.getInputType();
  return value === null && isNonNullType(type)
    ? `must not be null: it stands where "${type}" is expected`
    : undefined;
}

/** Visits the variables of all selections that `@skip` and `@include` do not leave out with these values. */
function visitVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  values: Variables,
  see: (name: string, types: TypeInfo) => void,
): void {
  const spread = new Set<string>();
  const leaveOut = (node: FieldNode | InlineFragmentNode | FragmentSpreadNode) =>
    isLeftOut(node.directives ?? [], values) ? false : undefined;
  const visitDefinition = (definition: OperationDefinitionNode | FragmentDefinitionNode): void => {
    const types = new TypeInfo(schema);
    visit(
      definition,
      visitWithTypeInfo(types, {
        VariableDefinition: () => false,
        Field: leaveOut,
        InlineFragment: leaveOut,
        FragmentSpread(node) {
          if (leaveOut(node) === false) return false;
          spread.add(node.name.value);
          return undefined;
        },
        Variable: ({ name }) => see(name.value, types),
      }),
    );
  };
  visitDefinition(operation);
  // The set grows while the fragments in it are visited.
  for (const name of spread) {
    const fragment = findFragment(document, name);
    if (fragment) visitDefinition(fragment);
  }
}

/** In the order of graphql-js: `@skip` first. A condition that is null leaves nothing out, since it is a problem. */
function isLeftOut(directives: readonly DirectiveNode[], values: Variables): boolean {
  const condition = (directive: string): unknown => {
    const value = directives.find(({ name }) => name.value === directive)?.arguments?.[0]?.value;
    if (value?.kind === Kind.VARIABLE) return values[value.name.value];
    return value?.kind === Kind.BOOLEAN ? value.value : undefined;
  };
  const skip = condition('skip');
  return skip === true || (skip !== null && condition('include') === false);
}
