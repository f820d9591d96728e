import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { type Cost, planCost, type Variables } from './operation-limits-cost.ts';
import { countDocument } from './operation-limits-counts.ts';
import { type Excess, firstExcess, type OperationLimits, toLimitError } from './operation-limits-excess.ts';
import { measureSource, type SourceSize } from './operation-limits-source.ts';

const MAX_OPERATION_NAME = 512;
const MAX_SIZES = 1000;
/** The deepest input of the schema has seven levels. */
const MAX_VARIABLE_DEPTH = 32;
/** GraphQL's own rule allows two as well. */
const MAX_INTROSPECTION_LISTS = 2;
/** Introspection as GraphiQL and Sandbox ask for it has 15 levels. */
const MAX_INTROSPECTION_DEPTH = 20;

/**
 * Refuses what would cost too much, at the earliest step that can tell: the text before it is parsed (the parser's stack
 * is finite), the document before it is validated (validation takes quadratic time), the cost before it is executed.
 *
 * Of Apollo's hooks only `didResolveOperation` can refuse with an error of its own; thrown in any other, it becomes an
 * internal error. So what is refused earlier is replaced by something that parses and validates at once and the refusal
 * is thrown there. Nothing of the replacement is ever executed.
 */
export function operationLimits(limits: OperationLimits): ApolloServerPlugin {
  const { excessOf, standIn } = createDocumentCheck(limits);
  const costOf = createCostCheck(limits);
  const sizeOf = createSizes();
  return {
    async requestDidStart({ request }) {
      const early = checkRequest(request, limits, sizeOf);
      if (early) replaceRequest(request);
      return {
        async validationDidStart(context) {
          const excess = excessOf(context.document);
          // Apollo keeps documents that were validated. This one it keeps in place of what was refused.
          if (excess) (context as { document: DocumentNode }).document = standIn(excess);
        },
        async didResolveOperation({ document, operation, request: { variables = {} } }) {
          const excess = early ?? excessOf(document) ?? (operation && costOf(document, operation, variables));
          if (excess) throw toLimitError(excess);
        },
      };
    },
  };
}

/** What can be told before parsing. */
function checkRequest(
  { query = '', operationName, variables }: GraphQLRequest,
  { maxOperationChars, maxOperationTokens, maxBracketDepth, maxVariables }: OperationLimits,
  sizeOf: (query: string) => SourceSize,
): Excess | undefined {
  const name = operationName?.length ?? 0;
  const given = variables ? Object.keys(variables).length : 0;
  const early = firstExcess([
    ['characters', 'characters in the document', query.length, maxOperationChars],
    ['operationName', 'characters in an operation name', name, MAX_OPERATION_NAME],
    ['variables', 'variables', given, maxVariables],
    ['variableDepth', 'levels of variables', depthOf(variables, MAX_VARIABLE_DEPTH), MAX_VARIABLE_DEPTH],
  ]);
  if (early) return early;
  const { tokens, brackets } = sizeOf(query);
  return firstExcess([
    ['tokens', 'tokens in the document', tokens, maxOperationTokens],
    ['brackets', 'brackets open at once in the document', brackets, maxBracketDepth],
  ]);
}

/** Remembers the sizes of documents: they come again. */
function createSizes(): (query: string) => SourceSize {
  const sizes = new LRUCache<string, SourceSize>({ max: MAX_SIZES });
  return (query) => {
    const size = sizes.get(query) ?? measureSource(query);
    sizes.set(query, size);
    return size;
  };
}

/** How deep objects and lists lie in one another, up to one more than `max`. Without recursion: they may be many thousands. */
function depthOf(value: unknown, max: number): number {
  let depth = 0;
  let level = [value].filter(isNested);
  while (level.length > 0 && depth <= max) {
    depth++;
    level = level.flatMap((nested) => Object.values(nested).filter(isNested));
  }
  return depth;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Hashes and stored documents belong to what was sent, so they go as well. */
function replaceRequest(request: GraphQLRequest): void {
  request.query = '{ __typename }';
  delete request.operationName;
  delete request.variables;
  delete request.extensions;
}

function createDocumentCheck(limits: OperationLimits) {
  const checked = new WeakMap<DocumentNode, { readonly excess: Excess | undefined }>();
  return {
    excessOf(document: DocumentNode): Excess | undefined {
      const known = checked.get(document) ?? { excess: checkDocument(document, limits) };
      checked.set(document, known);
      return known.excess;
    },
    /** An empty document of which `excess` is known. */
    standIn(excess: Excess): DocumentNode {
      const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };
      checked.set(document, { excess });
      return document;
    },
  };
}

function checkDocument(document: DocumentNode, limits: OperationLimits): Excess | undefined {
  const counts = countDocument(document);
  return firstExcess([
    ['operations', 'operations in the document', counts.operations, limits.maxOperations],
    ['operationName', 'characters in an operation name', counts.operationName, MAX_OPERATION_NAME],
    ['variables', 'variables', counts.variables, limits.maxVariables],
    ['directives', 'directives', counts.directives, limits.maxDirectives],
    ['aliases', 'aliases', counts.aliases, limits.maxAliases],
    ['rootFields', 'root fields', counts.rootFields, limits.maxRootFields],
    ['depth', 'levels of fields', counts.depth, limits.maxDepth],
    ['depth', 'levels of introspection', counts.introspectionDepth, MAX_INTROSPECTION_DEPTH],
    [
      'depth',
      'lists inside one another in introspection',
      counts.introspectionLists,
      MAX_INTROSPECTION_LISTS,
    ],
    ['fields', 'fields, counting fragments wherever they are spread', counts.fields, limits.maxFields],
  ]);
}

function createCostCheck({ maxFieldCost, maxUpstreamCalls }: OperationLimits) {
  const plans = new WeakMap<OperationDefinitionNode, (variables: Variables) => Cost>();
  return (document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) => {
    let plan = plans.get(operation);
    if (!plan) {
      plan = planCost(document, operation);
      plans.set(operation, plan);
    }
    const { fieldCost, upstreamCalls } = plan(variables);
    return firstExcess([
      ['upstreamCalls', 'calls to the IAM API', upstreamCalls, maxUpstreamCalls],
      ['fieldCost', 'fields in the answer, with lists as long as they may be', fieldCost, maxFieldCost],
    ]);
  };
}
