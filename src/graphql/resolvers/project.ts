import { toReadError } from '../../errors.ts';
import type { PolicyDto, ProjectWithPolicyDto } from '../../upstream/models.ts';
import type { BrokenItem } from '../../upstream/parse-response.ts';
import type {
  PolicyResolvers,
  PolicyStatementResolvers,
  TokenProjectConnectionResolvers,
  TokenProjectEdgeResolvers,
} from '../generated.ts';
import type { Connection } from '../pagination/connection.ts';

/** A token in a project. The policy belongs to the pair, so it is here and not on the project. */
export interface TokenProjectEdgeModel {
  cursor(): string;
  readonly node: ProjectWithPolicyDto | Error;
  readonly policy: PolicyDto | Error;
}
export type TokenProjectConnectionModel = Connection<TokenProjectEdgeModel>;

export function toProjectEdge(
  item: ProjectWithPolicyDto | BrokenItem,
  cursor: () => string,
): TokenProjectEdgeModel {
  if (!('broken' in item)) return { cursor, node: item, policy: item.policy };
  return { cursor, node: toReadError(item.broken), policy: toReadError(item.broken) };
}

export const TokenProjectConnection = {
  nodes: ({ edges }) => edges.map(({ node }) => node),
} satisfies TokenProjectConnectionResolvers;

export const TokenProjectEdge = {
  cursor: (edge) => edge.cursor(),
} satisfies TokenProjectEdgeResolvers;

// The API's members are singular names of lists.
export const Policy = {
  statements: ({ statement }) => statement,
} satisfies PolicyResolvers;

export const PolicyStatement = {
  actions: ({ action }) => action,
  principals: ({ principal }) => principal,
  resources: ({ resource }) => resource,
} satisfies PolicyStatementResolvers;
