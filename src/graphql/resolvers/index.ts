import { badUserInput } from '../../errors.ts';
import type { PolicyStatementDto, ProjectWithPolicyDto, TokenDto } from '../../upstream/generated.ts';
import { isId } from '../../upstream/iam-client.ts';
import type {
  PolicyStatement,
  QueryResolvers,
  Resolvers,
  SigningAlgorithm,
  TokenAuthenticationMethodKind,
} from '../generated.ts';
import { toConnection } from '../pagination/connection.ts';
import type { Edge } from '../pagination/cursor.ts';
import type { Context } from '../pipeline/request.ts';
import { Mutation } from './mutation.ts';

const MAX_NODES = 100;

const Query = {
  token(_parent, { id: text }, context) {
    const id = readId(text, 'id', context);
    if (id === undefined)
      throw badUserInput('`id` is not a valid token id. Pass `Token.id` unchanged.', 'id');
    return loadToken(id, context);
  },
  tokens: (_parent, args, { loaders, countChars }) =>
    toConnection({ scope: 'tokens', fetchPage: loaders.tokenPage, countChars }, args),
  /** A text that cannot be an id has no object, as the Relay specification requires. */
  node: (_parent, { id }, context) => loadToken(readId(id, 'id', context), context),
  nodes(_parent, { ids: texts }, context) {
    if (texts.length > MAX_NODES)
      throw badUserInput(`\`ids\` must not contain more than ${MAX_NODES} ids.`, 'ids');
    const ids = texts.map((text) => readId(text, 'ids', context));
    return Promise.all(ids.map((id) => loadToken(id, context).catch((error: Error) => error)));
  },
} satisfies Required<QueryResolvers>;

/** The id of an object; undefined for a text that cannot be one. Throws `BAD_USER_INPUT` for a private key in its place. */
export function readId(text: string, argument: string, { findPrivateKey }: Context): string | undefined {
  if (!isId(text)) return undefined;
  const problem = findPrivateKey(text);
  if (problem !== undefined) throw badUserInput(problem, argument);
  return text;
}

/** The token with this id; null if there is none, and without a call if there is no id. */
export async function loadToken(
  id: string | undefined,
  { loaders, countChars }: Context,
): Promise<TokenDto | null> {
  const token = id === undefined ? null : await loaders.token(id);
  if (token) countChars(sizeOf(token));
  return token;
}

/** The characters of a token: of a scope with its quotes and comma, of a member of a key also with a name of ten. */
function sizeOf({ ari, name, ownerAri, scopes, authenticationMethod: method }: TokenDto): number {
  const keys = 'jwks' in method.publicKeyInfo ? method.publicKeyInfo.jwks.keys : [method.publicKeyInfo];
  let size = ari.length + name.length + ownerAri.length;
  for (const scope of scopes) size += scope.length + 3;
  for (const key of keys)
    for (const value of Object.values(key)) size += 13 + (typeof value === 'string' ? value.length : 0);
  return size;
}

/**
 * Resolvers of all fields that are not simply a member of their parent; a test looks for missing ones. An `UpstreamError`
 * gets its public form after the execution.
 */
export const resolvers: Resolvers = {
  Query,
  Mutation,
  Token: {
    async projects({ id }, args, { loaders, countChars }) {
      const { edges, pageInfo } = await toConnection(
        { scope: `projects:${id}`, fetchPage: (page) => loaders.projectPage(id, page), countChars },
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
 * IAM's members are singular names of lists. All are renamed at once, because each resolver costs more than a compiled
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
