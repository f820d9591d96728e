import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  valueFromASTUntyped,
  visit,
} from 'graphql';

/** A field that an operation selects, once or several times. */
export interface SelectedField {
  readonly node: FieldNode;
  /** The type on which it is selected, and its name: `Token.projects`. */
  readonly coordinate: string;
  /** Undefined for `__typename`. */
  readonly type: GraphQLOutputType | undefined;
  /** Whether it lists the items of the page on which it is selected (Relay Cursor Connections, section 2.1). */
  readonly isListOfPage: boolean;
  /** The fields that are selected on its value. */
  readonly below: readonly SelectedField[];
}

/** A field, the type on which it stands, and what each selection of it selects. */
interface Selection {
  readonly node: FieldNode;
  readonly parent: string;
  readonly sets: readonly (SelectionSetNode | undefined)[];
}

/**
 * The root fields of a validated operation. Selections of one field under one response name are merged, as in the response.
 * Fragments are expanded wherever they are spread, so the document must be within the limits.
 */
export function findSelectedFields(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): readonly SelectedField[] {
  const select = (
    set: SelectionSetNode | undefined,
    parent = '',
    spread = new Set<string>(),
  ): readonly Selection[] =>
    (set?.selections ?? []).flatMap((node) => {
      if (node.kind === Kind.FIELD) return [{ node, parent, sets: [node.selectionSet] }];
      if (node.kind === Kind.INLINE_FRAGMENT)
        return select(node.selectionSet, node.typeCondition?.name.value ?? parent, spread);
      const { value: name } = node.name;
      const fragment = definitions.find(
        (definition): definition is FragmentDefinitionNode =>
          definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
      );
      if (!fragment || spread.has(name)) return [];
      spread.add(name);
      return select(fragment.selectionSet, fragment.typeCondition.name.value, spread);
    });
  const merge = (selections: readonly Selection[]): readonly SelectedField[] => {
    const merged = new Map<string, Selection>();
    for (const { node, parent, sets } of selections) {
      const key = `${parent}.${(node.alias ?? node.name).value}`;
      merged.set(key, { node, parent, sets: [...(merged.get(key)?.sets ?? []), ...sets] });
    }
    return [...merged.values()].map(({ node, parent, sets }) => {
      const { value: name } = node.name;
      const type = typeOfField(schema, parent, name);
      const isListOfPage = parent.endsWith('Connection') && isListType(type && getNullableType(type));
      const below = merge(sets.flatMap((set) => select(set, getNamedType(type)?.name)));
      return { node, coordinate: `${parent}.${name}`, type, isListOfPage, below };
    });
  };
  return merge(select(selectionSet, schema.getRootType(operation)?.name));
}

/** The fields about the schema, which no type defines. */
const INTROSPECTION: Readonly<Record<string, GraphQLOutputType>> = {
  __schema: SchemaMetaFieldDef.type,
  __type: TypeMetaFieldDef.type,
};

function typeOfField(schema: GraphQLSchema, parent: string, name: string): GraphQLOutputType | undefined {
  const type = schema.getType(parent);
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
  return field?.type ?? INTROSPECTION[name];
}

/**
 * The document without the selections that `@skip` and `@include` leave out with these values of variables. The nodes that
 * stay keep their locations.
 */
export function applySkipAndInclude(
  document: DocumentNode,
  values: Readonly<Record<string, unknown>>,
): DocumentNode {
  const remove = (node: SelectionNode) => (isSkipped(node, values) ? null : undefined);
  return visit(document, { Field: remove, InlineFragment: remove, FragmentSpread: remove });
}

/** In the order of graphql-js: `@skip` first. A null condition and a variable without a value leave nothing out. */
function isSkipped({ directives = [] }: SelectionNode, values: Readonly<Record<string, unknown>>): boolean {
  const condition = (directive: string): unknown => {
    const argument = directives.find(({ name }) => name.value === directive)?.arguments?.[0];
    return argument && (valueFromASTUntyped(argument.value, values) ?? null);
  };
  const skip = condition('skip');
  return skip === true || (skip !== null && condition('include') === false);
}
