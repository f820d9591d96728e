import { toReadError, toWriteError } from '../../errors.ts';
import type { Resolvers } from '../generated.ts';
import { Mutation } from './mutation.ts';
import { Node, Query } from './query.ts';
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
} from './token.ts';

/** All fields that are not simply a member of their parent. Errors get their public form here. */
export const resolvers: Resolvers = {
  Query: {
    node: failing(toReadError, Query.node),
    nodes: failing(toReadError, Query.nodes),
    token: failing(toReadError, Query.token),
    tokens: failing(toReadError, Query.tokens),
  },
  Mutation: {
    createToken: failing(toWriteError, Mutation.createToken),
    updateToken: failing(toWriteError, Mutation.updateToken),
    deleteToken: failing(toWriteError, Mutation.deleteToken),
  },
  Token: { projects: failing(toReadError, Token.projects) },
  PageInfo: {
    startCursor: (pageInfo) => pageInfo.startCursor(),
    endCursor: (pageInfo) => pageInfo.endCursor(),
    hasNextPage: failing(toReadError, (pageInfo) => pageInfo.hasNextPage()),
  },
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

type AnyResolver<Parent, Args, Ctx, Result> = (parent: Parent, args: Args, context: Ctx) => Result;

function failing<Parent, Args, Ctx, Result>(
  toPublicError: (error: unknown) => Error,
  resolve: AnyResolver<Parent, Args, Ctx, Result | Promise<Result>>,
): AnyResolver<Parent, Args, Ctx, Result | Promise<Result>> {
  const fail = (error: unknown): never => {
    throw toPublicError(error);
  };
  return (parent, args, context) => {
    try {
      const result = resolve(parent, args, context);
      return result instanceof Promise ? result.catch(fail) : result;
    } catch (error) {
      return fail(error);
    }
  };
}
