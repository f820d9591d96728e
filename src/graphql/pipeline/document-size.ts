import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  type SelectionNode,
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
export function measureSource(text: string): Record<'tokens' | 'lines' | 'brackets', number> {
  const counts = { tokens: 0, brackets: 0 };
  const lexer = new Lexer(new Source(text));
  let open = 0;
  try {
    while (counts.tokens <= MAX_COUNTED) {
      const { kind } = lexer.advance();
      if (kind === TokenKind.EOF) break;
      counts.tokens++;
      if (OPENING.has(kind)) counts.brackets = Math.max(counts.brackets, ++open);
      else if (CLOSING.has(kind)) open--;
    }
  } catch {
    // The error is ignored, because the parser reports it.
  }
  return { ...counts, lines: lexer.line };
}

/** A node that has selections, or is one. */
type Measured = OperationDefinitionNode | FragmentDefinitionNode | SelectionNode;

/** What a node and its selections have, with what fragments contain counted wherever they are spread. */
interface Size {
  /** Fields that no other field contains. */
  rootFields: number;
  directives: number;
  aliases: number;
  fields: number;
  /** Levels of fields. Those below `__schema` and `__type` do not count, because a validation rule limits their nesting. */
  depth: number;
}

const EMPTY: Readonly<Size> = { rootFields: 0, directives: 0, aliases: 0, fields: 0, depth: 0 };

/** The nesting at which the count stops, to protect the stack. It counts as the depth, whose limit is always lower. */
const MAX_NESTING = 1000;

/**
 * Measures a parsed document. It is not validated: fragments may be missing or spread themselves, fields may not exist.
 * Operations that do not run and unused fragments count too, because validation looks at all of them. Each node is measured
 * once, so fragments that multiply (a spreads b twice, b spreads c twice, …) cost no more time than their length.
 */
export function countDocument({ definitions }: DocumentNode) {
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const fragments = definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  const byName = new Map(fragments.map((node) => [node.name.value, node]));
  const sizes = new Map<Measured, Readonly<Size>>();
  let nesting = 0;
  let isCut = false;
  const measure = (node: Measured): Readonly<Size> => {
    const known = sizes.get(node);
    if (known) return known;
    if (nesting === MAX_NESTING) {
      isCut = true;
      return EMPTY;
    }
    // A fragment that spreads itself adds nothing; validation will report it.
    sizes.set(node, EMPTY);
    const size = { ...EMPTY, directives: countDirectives(node) };
    nesting++;
    for (const inner of contentOf(node, byName)) add(size, measure(inner));
    nesting--;
    if (node.kind === Kind.FIELD) addField(size, node);
    sizes.set(node, size);
    return size;
  };
  const ofOperations = operations.map(measure);
  const ofAny = [...operations, ...fragments].map(measure);
  const spreads = new Set<string>();
  /** The names that validation compares with each other. */
  const compared: string[] = [];
  for (const node of sizes.keys()) {
    if (node.kind === Kind.FIELD) compared.push((node.alias ?? node.name).value);
    if (node.kind !== Kind.FRAGMENT_SPREAD) continue;
    spreads.add(node.name.value);
    compared.push('...');
  }
  return {
    operations: operations.length,
    /** Names of fragments that are spread anywhere, defined or not. */
    fragments: spreads.size,
    /** Characters of the longest name. This and the numbers below are those of the largest operation. */
    operationName: maximum(operations, ({ name }) => name?.value.length ?? 0),
    variables: maximum(operations, ({ variableDefinitions = [] }) => variableDefinitions.length),
    rootFields: maximum(ofOperations, ({ rootFields }) => rootFields),
    // The next three are those of the largest operation or fragment.
    directives: maximum(ofAny, ({ directives }) => directives),
    aliases: maximum(ofAny, ({ aliases }) => aliases),
    fields: maximum(ofAny, ({ fields }) => fields),
    depth: isCut ? MAX_NESTING : maximum(ofOperations, ({ depth }) => depth),
    /** Pairs of fields with the same response name, or of fragment spreads, anywhere in the document, each counted once. */
    pairs: countPairs(compared),
  };
}

function countDirectives(node: Measured): number {
  const variables = node.kind === Kind.OPERATION_DEFINITION ? (node.variableDefinitions ?? []) : [];
  const own = node.directives?.length ?? 0;
  return variables.reduce((sum, { directives = [] }) => sum + directives.length, own);
}

function contentOf(
  node: Measured,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly Measured[] {
  if (node.kind !== Kind.FRAGMENT_SPREAD) return node.selectionSet?.selections ?? [];
  const fragment = fragments.get(node.name.value);
  return fragment ? [fragment] : [];
}

function add(size: Size, inner: Readonly<Size>): void {
  size.rootFields += inner.rootFields;
  size.directives += inner.directives;
  size.aliases += inner.aliases;
  size.fields += inner.fields;
  size.depth = Math.max(size.depth, inner.depth);
}

/** Adds a field to the size of its selections. */
function addField(size: Size, { name: { value: name }, alias }: FieldNode): void {
  size.rootFields = 1;
  size.fields++;
  if (alias) size.aliases++;
  size.depth = name === '__schema' || name === '__type' ? 1 : size.depth + 1;
}

function countPairs(names: readonly string[]): number {
  const counts = new Map<string, number>();
  let pairs = 0;
  for (const name of names) {
    const others = counts.get(name) ?? 0;
    pairs += others;
    counts.set(name, others + 1);
  }
  return pairs;
}

function maximum<Item>(items: readonly Item[], measure: (item: Item) => number): number {
  return items.reduce((most, item) => Math.max(most, measure(item)), 0);
}
