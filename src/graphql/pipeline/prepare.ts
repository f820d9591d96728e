import type { ApolloServerPlugin } from '@apollo/server';
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { replaceRequest } from '../apollo/refuse-early.ts';
import type { Context } from '../context.ts';
import { type Cost, planCost, type Variables } from './cost.ts';
import { type Excess, type OperationLimits, toLimitError } from './limit-error.ts';
import { checkCost, checkDocument, checkRequest } from './limits.ts';
import { measureSource, type SourceSize } from './scan-source.ts';

const MAX_SIZES = 1000;

/**
 * Refuses what would cost too much, at the earliest step that can tell: the text before it is parsed (the parser's stack
 * is finite), the document before it is validated (validation takes quadratic time), the cost before it is executed.
 * Then its caller pays for it. What is refused early is replaced, and the refusal thrown in `didResolveOperation` (`replace-request.ts`).
 */
export function operationLimits(limits: OperationLimits): ApolloServerPlugin<Context> {
  const { excessOf, standIn } = createDocumentCheck(limits);
  const costOf = createCosts();
  const sizeOf = createSizes();
  const affordable = (cost: Cost): number => {
    const excess = checkCost(cost, limits);
    if (excess) throw toLimitError(excess);
    return cost.upstreamCalls;
  };
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
        async didResolveOperation({ document, operation, request: { variables = {} }, contextValue }) {
          const excess = early ?? excessOf(document);
          if (excess) throw toLimitError(excess);
          if (!operation) return;
          const refusal = await contextValue.charge(affordable(costOf(document, operation, variables)));
          if (refusal) throw refusal;
        },
      };
    },
  };
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

/** Of one operation with its variables; each is planned once. */
function createCosts() {
  const plans = new WeakMap<OperationDefinitionNode, (variables: Variables) => Cost>();
  return (document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) => {
    let plan = plans.get(operation);
    if (!plan) {
      plan = planCost(document, operation);
      plans.set(operation, plan);
    }
    return plan(variables);
  };
}
