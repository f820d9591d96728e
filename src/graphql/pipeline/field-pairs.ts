import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import { findFragment, type SelectedField, selectedFields } from './selected-fields.ts';

/**
 * Counts the pairs of fields that have one response name in one place, in a document that is not validated. Validation
 * compares the two fields of each pair (GraphQL specification, section 5.3.2), and takes up to a microsecond for it. The
 * same field of one type twice, without arguments and selection, does not count: it takes a small part of that.
 *
 * Stops when one operation, or all unused fragments together, have more than `maxFields`, counted wherever fragments spread
 * them: ten fragments that spread each other lead to each other in a million ways. `fields` is above `maxFields` then.
 */
export function countFieldPairs(
  document: DocumentNode,
  maxFields: number,
): Record<'pairs' | 'fields', number> {
  // All of several with one name: validation reports them only after it has compared the fields of each.
  const unused = new Set(document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION));
  let pairs = 0;
  let fields = 0;

  /** `above` has the names of the fragments that lead here: one that spreads itself must not be followed. */
  const count = (sets: readonly SelectionSetNode[], above: ReadonlySet<string>): void => {
    if (fields > maxFields) return;
    const spread = new Set(above);
    const selected = sets.flatMap((set) => selectedFields(document, set, '', spread));
    for (const name of spread)
      if (!above.has(name)) unused.delete(findFragment(document, name) as FragmentDefinitionNode);
    fields += selected.length;
    for (const equal of byResponseName(selected)) {
      pairs += pairsOf(equal);
      const inner = equal.flatMap(({ node }) => node.selectionSet ?? []);
      if (inner.length > 0) count(inner, spread);
    }
  };
  const begin = () => {
    if (fields <= maxFields) fields = 0;
  };
  for (const definition of document.definitions) {
    begin();
    if (definition.kind === Kind.OPERATION_DEFINITION) count([definition.selectionSet], new Set());
  }
  begin();
  for (const { name, selectionSet } of unused) count([selectionSet], new Set([name.value]));
  return { pairs, fields };
}

function byResponseName(selected: readonly SelectedField[]): Iterable<SelectedField[]> {
  const byName = new Map<string, SelectedField[]>();
  for (const field of selected) {
    const name = (field.node.alias ?? field.node.name).value;
    const fields = byName.get(name) ?? [];
    fields.push(field);
    byName.set(name, fields);
  }
  return byName.values();
}

function pairsOf(fields: readonly SelectedField[]): number {
  const plain = new Map<string, number>();
  let pairs = 0;
  for (const [index, { node, parent }] of fields.entries()) {
    const isPlain = !node.selectionSet && !node.arguments?.length;
    const key = `${parent}.${node.name.value}`;
    const equal = isPlain ? (plain.get(key) ?? 0) : 0;
    if (isPlain) plain.set(key, equal + 1);
    pairs += index - equal;
  }
  return pairs;
}
