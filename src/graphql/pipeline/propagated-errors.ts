import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { type SelectedField, selectedFields, typeOfField } from './selected-fields.ts';

type Path = readonly (string | number)[];

/**
 * The errors that graphql-js reports of those that graphql-jit collects. When a field fails that cannot be null, the
 * nearest nullable field above it becomes null (GraphQL specification, section 6.4.4). If several fields below one
 * nullable field fail like that, graphql-js reports the first of them and graphql-jit reports all.
 */
export function createErrorFilter(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): (errors: readonly GraphQLError[]) => GraphQLError[] {
  const rootType = schema.getRootType(operation)?.name ?? '';

  const fieldsOf = (set: SelectionSetNode | undefined, parent: string) =>
    set ? selectedFields(document, set, parent) : [];
  const typeOf = ({ node, parent }: SelectedField) => typeOfField(schema, parent, node.name.value);
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
