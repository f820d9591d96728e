import {
  type FieldNode,
  Kind,
  type ValueNode,
  type VariableDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/** The value of an argument: the same in every request, or read from the variables of each. */
export type ArgumentValue =
  | { readonly constant: unknown }
  | { readonly read: (variables: Variables) => unknown };

/**
 * Finds the value at `path` in the arguments of a field: the name of the argument, then names of members. Variables
 * inside of the value are not looked at; in a list they are items like others.
 */
export function argumentValue(
  { arguments: args = [] }: FieldNode,
  [argument, ...members]: readonly string[],
  definitions: readonly VariableDefinitionNode[],
): ArgumentValue {
  let node = args.find(({ name }) => name.value === argument)?.value;
  let rest = members;
  while (node?.kind === Kind.OBJECT && rest.length > 0) {
    const [member] = rest;
    node = node.fields.find(({ name }) => name.value === member)?.value;
    rest = rest.slice(1);
  }
  if (node?.kind !== Kind.VARIABLE) return { constant: rest.length > 0 ? undefined : toValue(node) };
  const { value: name } = node.name;
  const definition = definitions.find(({ variable }) => variable.name.value === name);
  const standard = toValue(definition?.defaultValue);
  return {
    read: (variables) => memberAt(Object.hasOwn(variables, name) ? variables[name] : standard, rest),
  };
}

function toValue(node: ValueNode | undefined): unknown {
  return node && valueFromASTUntyped(node);
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const member of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[member];
  }
  return at;
}
