import { badUserInput, toReadError, toWriteError } from '../../errors.ts';
import type { NodeResolvers, PageInfoResolvers, QueryResolvers, Resolvers } from '../generated.ts';
import { toConnection } from '../pagination/connection.ts';
import { Mutation } from './mutation.ts';
import {
  JsonWebKeySet,
  Policy,
  PolicyStatement,
  PublicKeyInfo,
  Token,
  TokenAuthenticationMethod,
  TokenConnection,
  TokenEdge,
  TokenProjectConnection,
  TokenProjectEdge,
  toTokenEdge,
} from './token.ts';
import { isObjectId } from './token-input.ts';

const MAX_NODES = 100;

const Query = {
  token(_parent, { id }, context) {
    if (!isObjectId(id, 'id', context))
      throw badUserInput('`id` is not an id. Pass `Token.id` as it came.', 'id');
    return context.loaders.token(id);
  },
  tokens: (_parent, args, { loaders }) =>
    toConnection({ scope: 'tokens', args, fetchPage: loaders.tokenPage, toEdge: toTokenEdge }),
  /** Null without a call for a text that cannot be an id, as the Relay specification requires. */
  node: (_parent, { id }, context) => (isObjectId(id, 'id', context) ? context.loaders.token(id) : null),
  nodes(_parent, { ids }, context) {
    if (ids.length > MAX_NODES)
      throw badUserInput(`\`ids\` must not hold more than ${MAX_NODES} ids.`, 'ids');
    const wanted = ids.map((id) => (isObjectId(id, 'ids', context) ? id : undefined));
    const { loaders } = context;
    return Promise.all(wanted.map((id) => (id === undefined ? null : loaders.token(id).catch(toReadError))));
  },
} satisfies Required<QueryResolvers>;

const Node = {
  __resolveType: () => 'Token',
} satisfies NodeResolvers;

const PageInfo = {
  startCursor: (pageInfo) => pageInfo.startCursor(),
  endCursor: (pageInfo) => pageInfo.endCursor(),
  hasNextPage: (pageInfo) => pageInfo.hasNextPage(),
} satisfies PageInfoResolvers;

/** All fields that are not simply a member of their parent. Errors of calls to IAM get their public form here. */
export const resolvers: Resolvers = {
  Query: withPublicErrors(Query, toReadError),
  Mutation: withPublicErrors(Mutation, toWriteError),
  Token: withPublicErrors(Token, toReadError),
  PageInfo: withPublicErrors(PageInfo, toReadError),
  JsonWebKeySet,
  Node,
  Policy,
  PolicyStatement,
  PublicKeyInfo,
  TokenAuthenticationMethod,
  TokenConnection,
  TokenEdge,
  TokenProjectConnection,
  TokenProjectEdge,
};

type Resolver = (parent: never, args: never, context: never) => unknown;

function withPublicErrors<Fields extends Readonly<Record<string, Resolver>>>(
  fields: Fields,
  toPublicError: (error: unknown) => Error,
): Fields {
  const fail = (error: unknown): never => {
    throw toPublicError(error);
  };
  const wrap =
    (resolve: Resolver): Resolver =>
    (parent, args, context) => {
      try {
        const result = resolve(parent, args, context);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    };
  return Object.fromEntries(Object.entries(fields).map(([name, resolve]) => [name, wrap(resolve)])) as Fields;
}
