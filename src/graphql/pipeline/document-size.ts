import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';

/** The highest limit of tokens that can be configured. A text with more is rejected, so the count stops here. */
const MAX_COUNTED = 15_000;
const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R]);

/**
 * Measures a text with the lexer of GraphQL, up to the end or to an invalid character. The lexer does not recurse, unlike
 * the parser, whose stack a few thousand open brackets exceed.
 */
export function measureSource(text: string): Record<'tokens' | 'comments' | 'brackets', number> {
  const counts = { tokens: 0, comments: 0, brackets: 0 };
  let open = 0;
  try {
    const lexer = new Lexer(new Source(text));
    while (counts.tokens <= MAX_COUNTED) {
      const { kind, prev } = lexer.advance();
      for (let before = prev; before?.kind === TokenKind.COMMENT; before = before.prev) counts.comments++;
      if (kind === TokenKind.EOF) break;
      counts.tokens++;
      if (OPENING.has(kind)) counts.brackets = Math.max(counts.brackets, ++open);
      else if (CLOSING.has(kind)) open--;
    }
  } catch {
    // The error is ignored, because Apollo Server reports syntax errors.
  }
  return counts;
}

const NOTHING = {
  rootFields: 0,
  directives: 0,
  aliases: 0,
  fields: 0,
  depth: 0,
};
type Counts = typeof NOTHING;

/** The nesting at which the count stops, to protect the stack. It counts as the depth, whose limit is always lower. */
const MAX_NESTING = 1000;

/**
 * Measures a parsed document, with what fragments contain counted wherever they are spread. It is not validated: fragments
 * may be missing or spread themselves, fields may not exist. Operations that do not run and unused fragments count too,
 * because validation looks at all of them. Each fragment is measured once, so fragments that multiply (a spreads b twice, b
 * spreads c twice, …) cost no more time than their length.
 */
export function countDocument({ definitions }: DocumentNode) {
  const { ofSet, ofFragment, spreads, compared, isCut } = createCounter(definitions);
  const operations = definitions.filter(isOperation);
  const ofOperations = operations.map(({ selectionSet, directives, variableDefinitions = [] }) => {
    const counts = ofSet(selectionSet);
    counts.directives += variableDefinitions.reduce(
      (sum, variable) => sum + lengthOf(variable.directives),
      lengthOf(directives),
    );
    return counts;
  });
  const ofFragments = definitions.filter(isFragment).map((fragment) => {
    const counts = ofFragment(fragment);
    return { ...counts, directives: counts.directives + lengthOf(fragment.directives) };
  });
  const ofAny = [...ofOperations, ...ofFragments];
  return {
    operations: operations.length,
    /** Names of fragments that are spread anywhere, defined or not. */
    fragments: spreads.size,
    /** Characters of the longest name. This and the numbers below are those of the largest operation. */
    operationName: maximum(operations, ({ name }) => name?.value.length ?? 0),
    variables: maximum(operations, ({ variableDefinitions }) => lengthOf(variableDefinitions)),
    rootFields: maximum(ofOperations, ({ rootFields }) => rootFields),
    directives: maximum(ofAny, ({ directives }) => directives),
    aliases: maximum(ofAny, ({ aliases }) => aliases),
    fields: maximum(ofAny, ({ fields }) => fields),
    /**
     * Levels of fields. Levels below `__schema` and `__type` do not count, because a validation rule limits their nesting.
     */
    depth: isCut() ? MAX_NESTING : maximum(ofOperations, ({ depth }) => depth),
    /** Pairs of fields with one response name, and of spreads, anywhere in the document, each counted once. */
    pairs: [...compared.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0),
  };
}

function createCounter(definitions: readonly DefinitionNode[]) {
  const fragments = new Map(definitions.filter(isFragment).map((node) => [node.name.value, node]));
  const counted = new Map<FragmentDefinitionNode, Readonly<Counts>>();
  const spreads = new Set<string>();
  /** How many fields have each response name, and how many spreads there are. */
  const compared = new Map<string, number>();
  const compare = (name: string) => compared.set(name, (compared.get(name) ?? 0) + 1);
  let nesting = 0;
  let isCut = false;

  const ofSet = ({ selections }: SelectionSetNode): Counts => {
    if (nesting === MAX_NESTING) {
      isCut = true;
      return { ...NOTHING };
    }
    nesting++;
    const counts = { ...NOTHING };
    for (const selection of selections) {
      counts.directives += lengthOf(selection.directives);
      add(counts, ofSelection(selection));
    }
    nesting--;
    return counts;
  };
  const ofSelection = (selection: SelectionNode): Readonly<Counts> => {
    if (selection.kind === Kind.FIELD) {
      compare((selection.alias ?? selection.name).value);
      return ofField(selection, selection.selectionSet ? ofSet(selection.selectionSet) : NOTHING);
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet);
    compare('...');
    spreads.add(selection.name.value);
    const fragment = fragments.get(selection.name.value);
    return fragment ? ofFragment(fragment) : NOTHING;
  };
  const ofFragment = (fragment: FragmentDefinitionNode): Readonly<Counts> => {
    const known = counted.get(fragment);
    if (known) return known;
    // A fragment that spreads itself adds nothing; validation will report it.
    counted.set(fragment, NOTHING);
    const counts = ofSet(fragment.selectionSet);
    counted.set(fragment, counts);
    return counts;
  };
  return { ofSet, ofFragment, spreads, compared, isCut: () => isCut };
}

function ofField({ name: { value: name }, alias }: FieldNode, inner: Readonly<Counts>): Counts {
  const isIntrospection = name === '__schema' || name === '__type';
  return {
    rootFields: 1,
    directives: inner.directives,
    aliases: inner.aliases + (alias ? 1 : 0),
    fields: inner.fields + 1,
    depth: isIntrospection ? 1 : inner.depth + 1,
  };
}

/** All counts are sums, except the depth. */
const SUMS = Object.keys(NOTHING).filter((name) => name !== 'depth') as Exclude<keyof Counts, 'depth'>[];

function add(counts: Counts, more: Readonly<Counts>): void {
  for (const name of SUMS) counts[name] += more[name];
  counts.depth = Math.max(counts.depth, more.depth);
}

const isOperation = (node: DefinitionNode): node is OperationDefinitionNode =>
  node.kind === Kind.OPERATION_DEFINITION;
const isFragment = (node: DefinitionNode): node is FragmentDefinitionNode =>
  node.kind === Kind.FRAGMENT_DEFINITION;

function lengthOf(list: readonly unknown[] | undefined): number {
  return list?.length ?? 0;
}

function maximum<Item>(items: readonly Item[], measure: (item: Item) => number): number {
  return items.reduce((most, item) => Math.max(most, measure(item)), 0);
}
