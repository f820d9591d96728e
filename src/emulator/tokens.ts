import { randomUUID } from 'node:crypto';
import type { CreateTokenInput, TokenDto, UpdateTokenInput } from '../upstream/generated.ts';
import { cutPage } from './paging.ts';
import { ok, type Reply, vendorError } from './reply.ts';
import type { Caller, Handler } from './request.ts';
import { ownerAriOf, sampleToken, tokenAri, userIdOf } from './seed.ts';
import type { Store, StoredToken } from './store.ts';
import { readBody } from './validate.ts';

type TokenOperation =
  | 'createToken'
  | 'listToken'
  | 'getToken'
  | 'updateToken'
  | 'deleteToken'
  | 'listProjectsOfToken';

/** The six operations. */
export function createTokenHandlers(store: Store): Record<TokenOperation, Handler> {
  return {
    async createToken(request) {
      const read = readBody<CreateTokenInput>('CreateTokenInput', request);
      if ('refusal' in read) return read.refusal;
      const { description, ...input } = read.body;
      const token = newToken(input, request.caller.principal);
      const { principal } = request.caller;
      await store.insert({ principal, token, ...(description === undefined ? {} : { description }) });
      return ok(token);
    },

    listToken({ caller, query, pagingFault }) {
      const list = `user/${userIdOf(caller.principal)}`;
      const page = cutPage(store.listOf(caller.principal), list, query, pagingFault);
      if ('status' in page) return page;
      const { items, ...rest } = page;
      return ok({ tokens: items.map(({ token }) => token), ...rest });
    },

    getToken: ({ tokenId, caller }) => withToken(store, tokenId, caller, ({ token }) => ok(token)),

    updateToken: (request) =>
      withToken(store, request.tokenId, request.caller, async (stored) => {
        const read = readBody<UpdateTokenInput>('UpdateTokenInput', request);
        if ('refusal' in read) return read.refusal;
        const token = merge(stored.token, read.body);
        if (!isSample(store, stored)) await store.replace({ ...stored, token });
        return ok(token);
      }),

    deleteToken: ({ tokenId, caller }) =>
      withToken(store, tokenId, caller, async (stored) => {
        if (!isSample(store, stored)) await store.remove(stored);
        return { status: 204 };
      }),

    listProjectsOfToken: ({ tokenId, caller, query, pagingFault }) =>
      withToken(store, tokenId, caller, (stored) => {
        const page = cutPage(stored.memberships, `token/${tokenId}`, query, pagingFault);
        if ('status' in page) return page;
        const { items, ...rest } = page;
        return ok({ projects: items.map(({ project }) => project), ...rest });
      }),
  };
}

/** Unknown is 404, another principal's is 403: what the operations' documented errors suggest. */
function withToken(
  store: Store,
  tokenId: string,
  { principal }: Caller,
  use: (stored: StoredToken) => Promise<Reply> | Reply,
): Promise<Reply> | Reply {
  const stored = store.find(tokenId) ?? sampleToken(tokenId, principal);
  if (stored === undefined) return vendorError('NotFoundError', { param: 'token' });
  return stored.principal === principal ? use(stored) : vendorError('ActionForbiddenError');
}

function isSample(store: Store, { token }: StoredToken): boolean {
  return store.find(token.id) === undefined;
}

function newToken(input: Pick<TokenDto, 'name' | 'authenticationMethod'>, principal: string): TokenDto {
  const id = randomUUID();
  return {
    id,
    ari: tokenAri(id),
    ownerAri: ownerAriOf(principal),
    ...input,
    scopes: ['openid', 'offline_access'],
  };
}

/** Whether the service merges or replaces a partial `authenticationMethod` is not known; here it merges. */
function merge(token: TokenDto, { name, authenticationMethod }: UpdateTokenInput): TokenDto {
  return {
    ...token,
    ...(name === undefined ? {} : { name }),
    authenticationMethod: { ...token.authenticationMethod, ...authenticationMethod },
  };
}
