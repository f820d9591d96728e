import { toReadError } from '../../errors.ts';
import type { PolicyDto, ProjectWithPolicyDto, TokenDto } from '../../upstream/models.ts';
import type { InvalidItem } from '../../upstream/parse-response.ts';
import type {
  JsonWebKeySetResolvers,
  PolicyResolvers,
  PolicyStatementResolvers,
  PublicKeyInfoResolvers,
  SigningAlgorithm,
  TokenAuthenticationMethodKind,
  TokenAuthenticationMethodResolvers,
  TokenConnectionResolvers,
  TokenEdgeResolvers,
  TokenProjectConnectionResolvers,
  TokenProjectEdgeResolvers,
  TokenResolvers,
} from '../generated.ts';
import { type Connection, toConnection } from '../pagination/connection.ts';
import type { Context } from '../pipeline/request.ts';

/** `node` is an Error when the API listed something that is no token: GraphQL reports it at the node's path. */
export interface TokenEdgeModel {
  cursor(): string;
  readonly node: TokenDto | Error;
}
export type TokenConnectionModel = Connection<TokenEdgeModel>;

export function toTokenEdge(item: TokenDto | InvalidItem, cursor: () => string): TokenEdgeModel {
  return { cursor, node: 'invalid' in item ? toReadError(item.invalid) : item };
}

export const Token = {
  projects: ({ id }, args, { loaders }) =>
    toConnection({
      scope: `projects:${id}`,
      args,
      fetchPage: (page) => loaders.projectPage(id, page),
      toEdge: toProjectEdge,
    }),
} satisfies TokenResolvers;

export const TokenConnection = {
  nodes: ({ edges }) => edges.map(({ node }) => node),
} satisfies TokenConnectionResolvers;

export const TokenEdge = {
  cursor: (edge) => edge.cursor(),
} satisfies TokenEdgeResolvers;

const ALGORITHMS: readonly string[] = ['ES256', 'ES512', 'RS256', 'RS512'] satisfies SigningAlgorithm[];
const KINDS: readonly string[] = ['PRIVATE_KEY'] satisfies TokenAuthenticationMethodKind[];

export const TokenAuthenticationMethod = {
  signingAlgorithm: ({ signingAlgorithm }, _args, context) => known(ALGORITHMS, signingAlgorithm, context),
  type: ({ type }, _args, context) => known(KINDS, type, context),
} satisfies TokenAuthenticationMethodResolvers;

export const PublicKeyInfo = {
  __resolveType: (info) => ('jwks' in info ? 'JsonWebKeySet' : 'JsonWebKeySetLocation'),
} satisfies PublicKeyInfoResolvers;

export const JsonWebKeySet = {
  keys: ({ jwks }) => jwks.keys,
} satisfies JsonWebKeySetResolvers;

/** An enum value that the API added since this schema was written is null, not an error that hides the token. */
function known<Value extends string>(
  values: readonly string[],
  value: Value,
  { log }: Context,
): Value | null {
  if (values.includes(value)) return value;
  log.warn('the IAM API used an enum value that the schema does not know');
  return null;
}

/** A token in a project. The policy belongs to the pair, so it is here and not on the project. */
export interface TokenProjectEdgeModel {
  cursor(): string;
  readonly node: ProjectWithPolicyDto | Error;
  readonly policy: PolicyDto | Error;
}
export type TokenProjectConnectionModel = Connection<TokenProjectEdgeModel>;

function toProjectEdge(
  item: ProjectWithPolicyDto | InvalidItem,
  cursor: () => string,
): TokenProjectEdgeModel {
  if (!('invalid' in item)) return { cursor, node: item, policy: item.policy };
  return { cursor, node: toReadError(item.invalid), policy: toReadError(item.invalid) };
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
