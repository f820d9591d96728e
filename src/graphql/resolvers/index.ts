import { badUserInput } from '../../errors.ts';
import type { PolicyStatementDto, ProjectWithPolicyDto, TokenDto } from '../../upstream/generated.ts';
import type {
  PolicyStatement,
  QueryResolvers,
  Resolvers,
  SigningAlgorithm,
  TokenAuthenticationMethodKind,
} from '../generated.ts';
import { toConnection } from '../pagination/connection.ts';
import type { Edge } from '../pagination/page-iterator.ts';
import type { Context } from '../pipeline/request.ts';
import { Mutation } from './mutation.ts';
import { isObjectId } from './token-input.ts';

const MAX_NODES = 100;

const Query = {
  token(_parent, { id }, context) {
    if (!isObjectId(id, 'id', context))
      throw badUserInput('`id` is not a valid token id. Pass `Token.id` unchanged.', 'id');
    return context.loaders.token(id);
  },
  tokens: (_parent, args, { loaders }) =>
    toConnection({ scope: 'tokens', fetchPage: loaders.tokenPage }, args),
  /** Returns null without a call for a text that cannot be an id, as the Relay specification requires. */
  node: (_parent, { id }, context) => (isObjectId(id, 'id', context) ? context.loaders.token(id) : null),
  nodes(_parent, { ids }, context) {
    if (ids.length > MAX_NODES)
      throw badUserInput(`\`ids\` must not hold more than ${MAX_NODES} ids.`, 'ids');
    const wanted = ids.map((id) => (isObjectId(id, 'ids', context) ? id : undefined));
    const { loaders } = context;
    return Promise.all(
      wanted.map((id) => (id === undefined ? null : loaders.token(id).catch((error: Error) => error))),
    );
  },
} satisfies Required<QueryResolvers>;

/**
 * Resolvers of all fields that are not simply a member of their parent; a test looks for missing ones. An `UpstreamError`
 * gets its public form after the execution.
 */
export const resolvers: Resolvers = {
  Query,
  Mutation,
  Token: {
    async projects({ id }, args, { loaders }) {
      const { edges, pageInfo } = await toConnection(
        { scope: `projects:${id}`, fetchPage: (page) => loaders.projectPage(id, page) },
        args,
      );
      return { edges: edges.map(withPolicy), pageInfo };
    },
  },
  PageInfo: {
    startCursor: (pageInfo) => pageInfo.startCursor(),
    endCursor: (pageInfo) => pageInfo.endCursor(),
    hasNextPage: (pageInfo) => pageInfo.hasNextPage(),
  },
  JsonWebKeySet: { keys: ({ jwks }) => jwks.keys },
  Node: { __resolveType: () => 'Token' },
  Policy: { statements: ({ statement }) => statement.map(toStatement) },
  PublicKeyInfo: { __resolveType: (info) => ('jwks' in info ? 'JsonWebKeySet' : 'JsonWebKeySetLocation') },
  TokenAuthenticationMethod: {
    signingAlgorithm: ({ signingAlgorithm }, _args, context) =>
      knownOrNull(ALGORITHMS, signingAlgorithm, context),
    type: ({ type }, _args, context) => knownOrNull(KINDS, type, context),
  },
  TokenConnection: { nodes: ({ edges }) => edges.map(({ node }) => node) },
  TokenEdge: { cursor: (edge) => edge.cursor() },
  TokenProjectConnection: { nodes: ({ edges }) => edges.map(({ node }) => node) },
  TokenProjectEdge: { cursor: (edge) => edge.cursor() },
};

export type TokenEdgeModel = Edge<TokenDto>;
export type TokenProjectEdgeModel = ReturnType<typeof withPolicy>;

/** The policy belongs to the pair of token and project. It is a member, because a resolver of each edge would cost more. */
function withPolicy({ cursor, node }: Edge<ProjectWithPolicyDto>) {
  return { cursor, node, policy: node instanceof Error ? node : node.policy };
}

/**
 * The API's members are singular names of lists. All are renamed at once, because each resolver costs more than a compiled
 * query spends on the whole statement.
 */
function toStatement({ action, effect, principal, resource }: PolicyStatementDto): PolicyStatement {
  return { actions: action, effect, principals: principal, resources: resource };
}

const ALGORITHMS: readonly string[] = ['ES256', 'ES512', 'RS256', 'RS512'] satisfies SigningAlgorithm[];
const KINDS: readonly string[] = ['PRIVATE_KEY'] satisfies TokenAuthenticationMethodKind[];

/** An enum value that the schema does not have becomes null, because an error would hide the token. */
function knownOrNull<Value extends string>(
  values: readonly string[],
  value: Value,
  { outcome }: Context,
): Value | null {
  if (values.includes(value)) return value;
  outcome.hasUnknownValues = true;
  return null;
}
