import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

interface Field {
  readonly node: FieldNode;
  /** The type that the nearest fragment names; empty without one. */
  readonly on: string;
}

/**
 * Counts the pairs of fields that have one response name in one place, in a document that is not validated. Validation
 * compares the two fields of each pair (GraphQL specification, section 5.3.2), and takes up to a microsecond for it. The
 * same field of one type twice, without arguments and selection, does not count: it takes a small part of that.
 *
 * Takes time in proportion to the fields, counted wherever fragments spread them, so their number must be limited before.
 */
export function countFieldPairs({ definitions }: DocumentNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const unused = new Set(fragments.values());
  let pairs = 0;

  /** The fields of a selection. The fragments in `spread` have been followed. */
  const fieldsOf = (node: SelectionNode, on: string, spread: Set<FragmentDefinitionNode>): Field[] => {
    if (node.kind === Kind.FIELD) return [{ node, on }];
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const type = node.typeCondition?.name.value ?? on;
      return node.selectionSet.selections.flatMap((inner) => fieldsOf(inner, type, spread));
    }
    const fragment = fragments.get(node.name.value);
    if (!fragment || spread.has(fragment)) return [];
    spread.add(fragment);
    unused.delete(fragment);
    const type = fragment.typeCondition.name.value;
    return fragment.selectionSet.selections.flatMap((inner) => fieldsOf(inner, type, spread));
  };
  /** `above` has the fragments that lead here: one that spreads itself must not be followed. */
  const count = (sets: readonly SelectionSetNode[], above: ReadonlySet<FragmentDefinitionNode>): void => {
    const spread = new Set(above);
    const byName = new Map<string, Field[]>();
    for (const selection of sets.flatMap(({ selections }) => selections)) {
      for (const field of fieldsOf(selection, '', spread)) {
        const name = (field.node.alias ?? field.node.name).value;
        const fields = byName.get(name) ?? [];
        fields.push(field);
        byName.set(name, fields);
      }
    }
    for (const fields of byName.values()) {
      pairs += pairsOf(fields);
      const inner = fields.flatMap(({ node }) => node.selectionSet ?? []);
      if (inner.length > 0) count(inner, spread);
    }
  };
  for (const definition of definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION) count([definition.selectionSet], new Set());
  for (const fragment of unused) count([fragment.selectionSet], new Set([fragment]));
  return pairs;
}

function pairsOf(fields: readonly Field[]): number {
  const plain = new Map<string, number>();
  let pairs = 0;
  for (const [index, { node, on }] of fields.entries()) {
    const isPlain = !node.selectionSet && !node.arguments?.length;
    const key = `${on}.${node.name.value}`;
    const equal = isPlain ? (plain.get(key) ?? 0) : 0;
    if (isPlain) plain.set(key, equal + 1);
    pairs += index - equal;
  }
  return pairs;
}
