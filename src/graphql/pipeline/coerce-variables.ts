import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  separateOperations,
  TypeInfo,
  typeFromAST,
  type VariableDefinitionNode,
  type VariableNode,
  valueFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { rejection } from '../../errors.ts';
import { coercionTo, createProblems, type Problems } from './coerce-input.ts';
import type { Variables } from './cost.ts';
import { applySkipAndInclude } from './selected-fields.ts';

/**
 * Coerces the variables of one operation (GraphQL specification, section 6.1.2). The result includes the defaults of
 * variables and members, and omits absent variables. Throws `BAD_USER_INPUT` with at most five sentences for the client,
 * which name places and types and repeat no value.
 */
export type VariableCoercion = (given: Variables) => Variables;

/**
 * Compiles the coercion for a validated operation, so that types and positions are looked up once for all of its requests.
 * The executor must not be the first to coerce variables: its messages print the invalid value (graphql-js#2629), so a key
 * that was pasted with its private half would be in the response and in logs.
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
  if (coercers.length === 0) return () => NO_VALUES;
  const checkNulls = createNullCheck(schema, document, operation);
  return (given) => {
    // Inherits nothing. V8 has a slower kind of object for `Object.create(null)`.
    const values: Record<string, unknown> = Object.create(NO_VALUES);
    const problems = createProblems(isSchemaVisible);
    for (const coerce of coercers) coerce(given, values, problems);
    if (problems.messages.length === 0) checkNulls(values, problems);
    if (problems.messages.length > 0) throw rejection('BAD_USER_INPUT', problems.messages.join(' '));
    return values;
  };
}

/**
 * The document for an executor that gets coerced variables. Executors coerce variables again, which takes a tenth of the
 * time of a small mutation, so here the type of every variable is `URL`, a scalar that accepts any value unchanged. Executors
 * use the types of variables for nothing else. Defaults, which may be texts, are left out, because a coerced variable that
 * has a default is never absent.
 */
export function withCoercedVariables(document: DocumentNode): DocumentNode {
  const type = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'URL' } };
  return visit(document, { VariableDefinition: ({ kind, variable }) => ({ kind, variable, type }) });
}

/**
 * A text that differs for different variables of one operation: names have no blanks, and the length says where a string
 * ends. `JSON.stringify` would take 2 µs for the one id that most queries have, which is 1 % of such a request.
 */
export function toKeyText(variables: Variables): string {
  let text = '';
  for (const name in variables) {
    const value = variables[name];
    text += ` ${name} ${typeof value === 'string' ? `${value.length}:${value}` : JSON.stringify(value)}`;
  }
  return text;
}

/** Without a prototype, so that `__proto__` is a name like others. */
const NO_VALUES: Variables = Object.freeze(Object.create(null));

function createCoercer(
  schema: GraphQLSchema,
  { variable, type: typeNode, defaultValue }: VariableDefinitionNode,
) {
  const name = variable.name.value;
  // The variables of a validated operation have input types.
  const type = typeFromAST(schema, typeNode) as GraphQLInputType;
  const coerce = coercionTo(type);
  const place = { above: undefined, key: `$${name}` };
  return (given: Variables, values: Record<string, unknown>, problems: Problems) => {
    if (problems.isFull) return;
    if (Object.hasOwn(given, name)) values[name] = coerce(given[name], place, problems);
    else if (defaultValue) values[name] = valueFromAST(defaultValue, type);
    else if (isNonNullType(type))
      problems.add(place, `of required type "${type}" was not provided.`, 'was not provided.');
  };
}

/**
 * Checks that nullable variables are not null where null is not allowed.
 *
 * Validation allows a nullable variable at a non-null position if the variable or the position has a default, and an
 * explicit null then passes both. It also allows one as the member of a `@oneOf` type. graphql-js fails the field in these
 * cases, with an error that looks like a defect of the server. Here the request is rejected before anything runs, even if
 * the field would not be reached.
 */
function createNullCheck(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (values: Variables, problems: Problems) => void {
  /** Visits the variables of all selections that `@skip` and `@include` do not leave out with these values. */
  const visitVariables = (values: Variables, onVariable: (name: string, types: TypeInfo) => void) => {
    const left = applySkipAndInclude(document, values);
    // The operation with the fragments that it still spreads.
    const own = separateOperations(left)[operation.name?.value ?? ''] ?? left;
    const types = new TypeInfo(schema);
    const visitor = {
      VariableDefinition: () => false,
      Variable: ({ name }: VariableNode) => onVariable(name.value, types),
    };
    visit(own, visitWithTypeInfo(types, visitor));
  };
  const atRisk = new Set<string>();
  // Without values of variables, no selection is left out, so all positions are visited.
  visitVariables(NO_VALUES, (name, types) => {
    if (problemOf(null, types)) atRisk.add(name);
  });
  return (values, problems) => {
    const missing = new Set([...atRisk].filter((name) => values[name] == null));
    if (missing.size === 0) return;
    visitVariables(values, (name, types) => {
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
