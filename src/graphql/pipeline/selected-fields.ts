import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** A selected field, and the name of the type on which it is selected. */
export interface SelectedField {
  readonly node: FieldNode;
  readonly parent: string;
}

/** The fields of a selection set on an object of type `parent`, with those of its fragments. */
export function selectedFields(
  document: DocumentNode,
  { selections }: SelectionSetNode,
  parent: string,
  spread = new Set<string>(),
): SelectedField[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [{ node: selection, parent }];
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const type = selection.typeCondition?.name.value ?? parent;
      return selectedFields(document, selection.selectionSet, type, spread);
    }
    const { value: name } = selection.name;
    const fragment = document.definitions.find(
      (node): node is FragmentDefinitionNode =>
        node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
    );
    if (!fragment || spread.has(name)) return [];
    spread.add(name);
    return selectedFields(document, fragment.selectionSet, fragment.typeCondition.name.value, spread);
  });
}

/**
 * The document without the selections that `@skip` and `@include` leave out with these values of variables. The nodes that
 * stay keep their locations.
 */
export function withoutLeftOut(
  document: DocumentNode,
  values: Readonly<Record<string, unknown>>,
): DocumentNode {
  const leaveOut = (node: SelectionNode) => (isLeftOut(node, values) ? null : undefined);
  return visit(document, { Field: leaveOut, InlineFragment: leaveOut, FragmentSpread: leaveOut });
}

/** In the order of graphql-js: `@skip` first. A null condition and a variable without a value leave nothing out. */
function isLeftOut({ directives = [] }: SelectionNode, values: Readonly<Record<string, unknown>>): boolean {
  const condition = (directive: string): unknown => {
    const value = directives.find(({ name }) => name.value === directive)?.arguments?.[0]?.value;
    if (value?.kind === Kind.VARIABLE) return values[value.name.value] ?? null;
    return value?.kind === Kind.BOOLEAN ? value.value : undefined;
  };
  const skip = condition('skip');
  return skip === true || (skip !== null && condition('include') === false);
}
