import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLUnionType,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isRequiredArgument,
  isUnionType,
} from 'graphql';
import type { Random } from './random.ts';
import { createRandomInput, HOSTILE_NAMES, type RandomInputOptions } from './random-input.ts';

export interface RandomOperation {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Other variables for the same document, each time. */
  nextVariables(): Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
}

export interface RandomOperationOptions extends RandomInputOptions {
  /** Share of mutations; 0.2 if it is left out. */
  readonly mutations?: number;
  /** Fields at most. Fragments count once. */
  readonly maxFields?: number;
  readonly maxDepth?: number;
}

type Fielded = GraphQLObjectType | GraphQLInterfaceType;
type Composite = Fielded | GraphQLUnionType;

/**
 * Operations of `schema`, the same ones in the same order for the same `random`: fields with and without aliases,
 * arguments as literals and as variables, inline and named fragments, `@skip` and `@include`, several operations in a
 * document. All of them are valid but for what `wrong` asks for.
 */
export function createRandomOperations(
  schema: GraphQLSchema,
  random: Random,
  options: RandomOperationOptions = {},
): () => RandomOperation {
  return () => writeOperation(schema, random, options);
}

function writeOperation(
  schema: GraphQLSchema,
  random: Random,
  { mutations = 0.2, maxFields = 30, maxDepth = 8, ...inputOptions }: RandomOperationOptions,
): RandomOperation {
  const input = createRandomInput(random, inputOptions);
  const { wrong = 0, hostileNames = 0 } = inputOptions;
  /** Arguments of each field that has no alias: fields that merge must have the same. */
  const plainArguments = new Map<string, string>();
  const fragments: { readonly name: string; readonly type: Composite; readonly text: string }[] = [];
  let fieldsLeft = maxFields;
  let aliases = 0;
  const unusedAliases = [...HOSTILE_NAMES];

  const selectionSet = (type: Composite, depth: number): string => {
    const count = 1 + random.integer(3);
    const selections = Array.from({ length: count }, () => selection(type, depth));
    return `{ ${selections.join(' ')} }`;
  };
  const selection = (type: Composite, depth: number): string => {
    const kind = random.next();
    if (depth > 1 && kind < 0.1) return inlineFragment(type, depth);
    if (depth > 1 && kind < 0.2) return spread(type, depth);
    return isUnionType(type) || kind < 0.25 ? typename() : field(type, depth);
  };
  const typename = () => `${random.chance(0.3) ? `${nextAlias()}: ` : ''}__typename${directives()}`;
  const inlineFragment = (type: Composite, depth: number): string => {
    const on = random.chance(0.7) ? narrow(type) : undefined;
    return `...${on ? ` on ${on.name}` : ''}${directives()} ${selectionSet(on ?? type, depth - 1)}`;
  };
  const spread = (type: Composite, depth: number): string => {
    const known = fragments.filter((fragment) => fragment.type === type);
    const again = known.length > 0 && random.chance(0.5);
    return `...${again ? random.pick(known).name : newFragment(narrow(type), depth)}${directives()}`;
  };
  const newFragment = (type: Composite, depth: number): string => {
    // Written before it is known, so that it cannot contain itself.
    const text = selectionSet(type, depth - 1);
    const name = `F${fragments.length + 1}`;
    fragments.push({ name, type, text: `fragment ${name} on ${type.name} ${text}` });
    return name;
  };
  /** A type that objects of this one may have. */
  const narrow = (type: Composite): Composite =>
    isAbstractType(type) && random.chance(0.8) ? random.pick(schema.getPossibleTypes(type)) : type;

  const field = (type: Fielded, depth: number): string => {
    fieldsLeft -= 1;
    if (random.chance(wrong / 10)) return `field${random.integer(99)}`;
    const fields = Object.values(type.getFields());
    if (depth > 1 && fieldsLeft > 0) return fieldOf(type, random.pick(fields), depth);
    const leaves = fields.filter((candidate) => !isCompositeType(getNamedType(candidate.type)));
    return leaves.length === 0 ? typename() : fieldOf(type, random.pick(leaves), depth);
  };
  const fieldOf = (type: Fielded, chosen: GraphQLField<unknown, unknown>, depth: number): string => {
    const hasAlias = random.chance(0.3);
    const place = `${type.name}.${chosen.name}`;
    const args = (hasAlias ? undefined : plainArguments.get(place)) ?? writeArguments(chosen.args);
    if (!hasAlias) plainArguments.set(place, args);
    const inner = getNamedType(chosen.type);
    const below = isCompositeType(inner) ? ` ${selectionSet(inner, depth - 1)}` : '';
    return `${hasAlias ? `${nextAlias()}: ` : ''}${chosen.name}${args}${directives()}${below}`;
  };
  const writeArguments = (args: readonly GraphQLArgument[]): string => {
    const given = args.filter((arg) => isRequiredArgument(arg) || random.chance(0.5));
    if (given.length === 0) return '';
    return `(${given.map((arg) => `${arg.name}: ${input.literal(arg)}`).join(', ')})`;
  };
  const directives = (): string => {
    if (!random.chance(0.08)) return '';
    return ` @${random.pick(['skip', 'include'])}(if: ${input.boolean()})`;
  };
  const nextAlias = () => {
    const hostile = random.chance(hostileNames) ? random.pick([...unusedAliases, undefined]) : undefined;
    if (hostile === undefined) return `a${++aliases}`;
    unusedAliases.splice(unusedAliases.indexOf(hostile), 1);
    return hostile;
  };

  const mutation = random.chance(mutations) ? schema.getMutationType() : undefined;
  const root = (mutation ?? schema.getQueryType()) as GraphQLObjectType;
  const body = selectionSet(root, maxDepth);
  const operationName = random.chance(0.5) ? 'Main' : undefined;
  const isShort = !mutation && !operationName && input.definitions().length === 0 && random.chance(0.5);
  const head = `${mutation ? 'mutation' : 'query'}${operationName ? ' Main' : ''}${parenthesized(input.definitions())}`;
  const other = operationName && random.chance(0.2) ? ['query Other { __typename }'] : [];
  const parts = [isShort ? body : `${head} ${body}`, ...other, ...fragments.map(({ text }) => text)];
  return {
    document: random.chance(wrong / 10) ? damage(parts.join('\n'), random) : parts.join('\n'),
    variables: input.variables(),
    nextVariables: input.variables,
    operationName,
  };
}

function parenthesized(definitions: readonly string[]): string {
  return definitions.length === 0 ? '' : `(${definitions.join(', ')})`;
}

/** One character is missing, doubled, or another one. */
function damage(text: string, random: Random): string {
  const at = random.integer(text.length - 1);
  const instead = random.pick(['', `${text[at]}${text[at]}`, '{', '}', '"', '$', '!', '\u0000', '…', '@']);
  return text.slice(0, at) + instead + text.slice(at + 1);
}
