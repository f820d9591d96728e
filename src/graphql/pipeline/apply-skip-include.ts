import {
  type ASTNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentSpreadNode,
  type InlineFragmentNode,
  Kind,
  type ValueNode,
  visit,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
type Conditional = FieldNode | FragmentSpreadNode | InlineFragmentNode;

/**
 * The variables that decide what `@skip` and `@include` leave of a document. graphql-jit mixes up what such directives
 * leave out and what stands elsewhere without them, so it is given a document of its own for each of their values.
 */
export function findConditions(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      const value = isCondition(directive) ? conditionOf(directive) : undefined;
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

/** The document as these variables leave it, without `@skip` and `@include`. The nodes that stay keep their locations. */
export function specialize(document: DocumentNode, variables: Variables): DocumentNode {
  const decide = (node: Conditional) => {
    const directives = node.directives?.filter(isCondition) ?? [];
    if (directives.length === 0) return undefined;
    return directives.every((directive) => includes(directive, variables)) ? withoutConditions(node) : null;
  };
  return visit(document, {
    Field: { enter: decide },
    FragmentSpread: { enter: decide },
    InlineFragment: { enter: decide },
  });
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}

function conditionOf({ arguments: args }: DirectiveNode): ValueNode | undefined {
  return args?.[0]?.value;
}

function includes(directive: DirectiveNode, variables: Variables): boolean {
  const value = conditionOf(directive);
  const condition =
    value?.kind === Kind.VARIABLE ? variables[value.name.value] : value?.kind === Kind.BOOLEAN && value.value;
  return directive.name.value === 'include' ? condition === true : condition !== true;
}

function withoutConditions(node: Conditional): ASTNode {
  return { ...node, directives: node.directives?.filter((directive) => !isCondition(directive)) ?? [] };
}
