import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

type Path = readonly (string | number)[];

/** A selected field, and the name of the type on which it is selected. */
interface Selected {
  readonly node: FieldNode;
  readonly parent: string;
}

/**
 * The errors that graphql-js reports of those that graphql-jit collects. When a field fails that cannot be null, the
 * nearest nullable field above it becomes null (GraphQL specification, section 6.4.4). If several fields below one
 * nullable field fail like that, graphql-js reports the first of them and graphql-jit reports all.
 */
export function createErrorFilter(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): (errors: readonly GraphQLError[]) => GraphQLError[] {
  const rootType = schema.getRootType(operation)?.name ?? '';

  const fieldsOf = (set: SelectionSetNode | undefined, parent: string): Selected[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [{ node: selection, parent }];
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection
          : definitions.find(
              (node): node is FragmentDefinitionNode =>
                node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === selection.name.value,
            );
      return fieldsOf(fragment?.selectionSet, fragment?.typeCondition?.name.value ?? parent);
    });
  const typeOf = ({ node, parent }: Selected): GraphQLOutputType | undefined => {
    const type = schema.getType(parent);
    return isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value]?.type : undefined;
  };
  /** The length of the part of `path` that leads to the field that became null. */
  const nulledDepth = (path: Path): number => {
    let selected = fieldsOf(selectionSet, rootType);
    let type: GraphQLOutputType | undefined;
    let depth = 0;
    for (const [index, key] of path.entries()) {
      if (typeof key === 'number') type = itemOf(type);
      else {
        const merged = selected.filter(({ node }) => (node.alias ?? node.name).value === key);
        // Fields with one response name have types of the same shape, on whatever type they are selected.
        type = merged[0] && typeOf(merged[0]);
        selected = merged.flatMap((each) =>
          fieldsOf(each.node.selectionSet, getNamedType(typeOf(each))?.name ?? ''),
        );
      }
      if (!isNonNullType(type)) depth = index + 1;
    }
    return depth;
  };
  return (errors) => {
    const nulled = new Set<string>();
    return errors.filter(({ path = [] }) => {
      const depth = nulledDepth(path);
      if (depth === path.length) return true;
      const place = JSON.stringify(path.slice(0, depth));
      const isFirst = !nulled.has(place);
      nulled.add(place);
      return isFirst;
    });
  };
}

function itemOf(type: GraphQLOutputType | undefined): GraphQLOutputType | undefined {
  const list = isNonNullType(type) ? type.ofType : type;
  return isListType(list) ? list.ofType : undefined;
}
