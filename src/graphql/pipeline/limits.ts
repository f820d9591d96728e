import type { GraphQLRequest } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import type { Cost } from './cost.ts';
import { countDocument } from './document-size.ts';
import { type Excess, firstExcess, type OperationLimits } from './limit-error.ts';
import type { SourceSize } from './scan-source.ts';
import { measureVariables } from './variable-size.ts';

const MAX_OPERATION_NAME = 512;
/** The deepest input of the schema has seven levels. */
const MAX_VARIABLE_DEPTH = 32;
/** GraphQL's own rule allows two as well. */
const MAX_INTROSPECTION_LISTS = 2;
/** Introspection as GraphiQL and Sandbox ask for it has 15 levels. */
const MAX_INTROSPECTION_DEPTH = 20;

/** What can be told before parsing. */
export function checkRequest(
  { query = '', operationName, variables }: GraphQLRequest,
  limits: OperationLimits,
  sizeOf: (query: string) => SourceSize,
): Excess | undefined {
  const { maxOperationChars, maxOperationTokens, maxBracketDepth } = limits;
  const name = operationName?.length ?? 0;
  const early =
    firstExcess([
      ['characters', 'characters in the document', query.length, maxOperationChars],
      ['operationName', 'characters in an operation name', name, MAX_OPERATION_NAME],
    ]) ?? checkVariables(variables ?? {}, limits);
  if (early) return early;
  const { tokens, brackets } = sizeOf(query);
  return firstExcess([
    ['tokens', 'tokens in the document', tokens, maxOperationTokens],
    ['brackets', 'brackets open at once in the document', brackets, maxBracketDepth],
  ]);
}

/** How many variables there are, how many values they hold all together, and how deeply these are nested. */
export function checkVariables(
  variables: Readonly<Record<string, unknown>>,
  { maxVariables, maxVariableValues: maxValues }: OperationLimits,
): Excess | undefined {
  const count = Object.keys(variables).length;
  const tooMany = firstExcess([['variables', 'variables', count, maxVariables]]);
  if (tooMany) return tooMany;
  const { values, depth } = measureVariables(variables, { maxValues, maxDepth: MAX_VARIABLE_DEPTH });
  return firstExcess([
    ['variableDepth', 'levels of variables', depth, MAX_VARIABLE_DEPTH],
    ['variableValues', 'values in all variables together', values, maxValues],
  ]);
}

/** What the document says, in all of its operations. */
export function checkDocument(document: DocumentNode, limits: OperationLimits): Excess | undefined {
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

/** What one operation may come to. */
export function checkCost(
  { fieldCost, upstreamCalls }: Cost,
  { maxFieldCost, maxUpstreamCalls }: OperationLimits,
): Excess | undefined {
  return firstExcess([
    ['upstreamCalls', 'calls to the IAM API', upstreamCalls, maxUpstreamCalls],
    ['fieldCost', 'fields in the answer, with lists as long as they may be', fieldCost, maxFieldCost],
  ]);
}
