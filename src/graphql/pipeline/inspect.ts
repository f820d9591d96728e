import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql';
import { type Cost, planCost, type Variables } from './cost.ts';
import { type Excess, type OperationLimits, toLimitError } from './limit-error.ts';
import { checkCost, checkDocument, checkRequest } from './limits.ts';
import { measureSource } from './scan-source.ts';

/** What a document comes to before anybody runs it. */
export interface Inspection {
  readonly operation: OperationDefinitionNode;
  /** With lists as long as their variables may make them. */
  readonly cost: Cost;
  /** Why it will never run. */
  readonly problem: string | undefined;
  /** Why it will not run with large variables. */
  readonly warning: string | undefined;
}

const MANY_ITEMS = 100;

/** Checks valid documents as the plugin would, for all of their operations. */
export function createDocumentInspector(limits: OperationLimits) {
  return (text: string, document: DocumentNode): Inspection[] => {
    const excess = checkRequest({ query: text }, limits, measureSource) ?? checkDocument(document, limits);
    const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    return operations.map((operation) => {
      const plan = planCost(document, operation);
      const cost = plan(largestVariables(operation));
      return {
        operation,
        cost,
        problem: describe(excess ?? checkCost(plan({}), limits)),
        warning: describe(checkCost(cost, limits)),
      };
    });
  };
}

function describe(excess: Excess | undefined): string | undefined {
  return excess && toLimitError(excess).message;
}

/** A page size as large as it may be, and as many ids as fit on such a page. */
function largestVariables({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  const entries = variableDefinitions.map(({ variable, type }) => {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    const value = named.kind === Kind.LIST_TYPE ? Array(MANY_ITEMS).fill('') : MANY_ITEMS;
    return [variable.name.value, value];
  });
  return Object.fromEntries(entries);
}
