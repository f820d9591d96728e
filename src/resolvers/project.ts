import type { Connection } from '../connection.ts';
import { toReadError } from '../errors.ts';
import type {
  PolicyResolvers,
  PolicyStatementResolvers,
  TokenProjectConnectionResolvers,
} from '../generated/graphql.ts';
import type { BrokenItem } from '../upstream/dto.ts';
import type { PolicyDto, ProjectWithPolicyDto } from '../upstream/types.ts';

/** A token in a project. The policy belongs to the pair, so it is here and not on the project. */
export interface TokenProjectEdgeModel {
  readonly cursor: string;
  readonly node: ProjectWithPolicyDto | Error;
  readonly policy: PolicyDto | Error;
}
export type TokenProjectConnectionModel = Connection<TokenProjectEdgeModel>;

export function toProjectEdge(
  item: ProjectWithPolicyDto | BrokenItem,
  toCursor: () => string,
): TokenProjectEdgeModel {
  const isBroken = 'broken' in item;
  return {
    node: isBroken ? toReadError(item.broken) : item,
    policy: isBroken ? toReadError(item.broken) : item.policy,
    get cursor() {
      return toCursor();
    },
  };
}

export const TokenProjectConnection = {
  nodes: ({ edges }) => edges.map(({ node }) => node),
} satisfies TokenProjectConnectionResolvers;

// The API's members are singular names of lists.
export const Policy = {
  statements: ({ statement }) => statement,
} satisfies PolicyResolvers;

export const PolicyStatement = {
  actions: ({ action }) => action,
  principals: ({ principal }) => principal,
  resources: ({ resource }) => resource,
} satisfies PolicyStatementResolvers;
