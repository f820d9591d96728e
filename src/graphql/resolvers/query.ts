import { badUserInput, toReadError } from '../../errors.ts';
import type { TokenDto } from '../../upstream/models.ts';
import type { Context } from '../context.ts';
import type { NodeResolvers, QueryResolvers } from '../generated.ts';
import { toConnection } from '../pagination/connection.ts';
import { toTokenEdge } from './token.ts';
import { isObjectId } from './token-input.ts';

const MAX_NODES = 100;

export const Query = {
  token(_parent, { id }, { loaders }) {
    if (!isObjectId(id, 'id')) throw badUserInput('`id` is not an id. Pass `Token.id` as it came.', 'id');
    return loaders.token(id);
  },
  tokens: (_parent, args, { loaders }) =>
    toConnection({ scope: 'tokens', args, fetchPage: loaders.tokenPage, toEdge: toTokenEdge }),
  node: (_parent, { id }, context) => loadNode(id, 'id', context),
  nodes(_parent, { ids }, context) {
    if (ids.length > MAX_NODES)
      throw badUserInput(`\`ids\` must not hold more than ${MAX_NODES} ids.`, 'ids');
    return Promise.all(ids.map((id) => loadNode(id, 'ids', context).catch(toReadError)));
  },
} satisfies Required<QueryResolvers>;

export const Node = {
  __resolveType: () => 'Token',
} satisfies NodeResolvers;

/** Null without a call for a text that cannot be an id, as the Relay specification requires. */
async function loadNode(id: string, argument: string, { loaders }: Context): Promise<TokenDto | null> {
  return isObjectId(id, argument) ? loaders.token(id) : null;
}
