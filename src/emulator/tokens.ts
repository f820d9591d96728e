import { randomUUID } from 'node:crypto';
import { cutPage } from './paging.ts';
import { ok, Rejection, vendorError } from './reply.ts';
import { type Handler, type OperationRequest, readJson } from './request.ts';
import type { Operation } from './routes.ts';
import { newToken, sampleToken, userIdOf } from './seed.ts';
import type { Store, StoredToken } from './store.ts';
import { readBody } from './validate.ts';

export const tokenOperations = {
  async createToken({ store }, request) {
    const { description, ...input } = readBody('CreateTokenBody', readJson(request));
    const { principal } = request.caller;
    const token = newToken(randomUUID(), principal, input);
    await store.insert({ principal, token, ...(description === undefined ? {} : { description }) });
    return ok(token);
  },

  listToken({ store }, { caller: { principal }, query, pagingFault }) {
    const list = `user/${userIdOf(principal)}`;
    const { items, ...rest } = cutPage(store.listOf(principal), list, query, pagingFault);
    return ok({ tokens: items.map(({ token }) => token), ...rest });
  },

  getToken: ({ store }, request) => ok(findToken(store, request).token),

  /** Whether IAM merges or replaces a partial `authenticationMethod` is not known; here it merges. */
  async updateToken({ store }, request) {
    const stored = findToken(store, request);
    const input = readBody('UpdateTokenBody', readJson(request));
    const authenticationMethod = { ...stored.token.authenticationMethod, ...input.authenticationMethod };
    const token = { ...stored.token, ...input, authenticationMethod };
    if (!isSample(store, stored)) await store.put({ ...stored, token });
    return ok(token);
  },

  async deleteToken({ store }, request) {
    const stored = findToken(store, request);
    if (!isSample(store, stored)) await store.remove(stored);
    return { status: 204 };
  },

  listProjectsOfToken({ store }, request) {
    const { memberships } = findToken(store, request);
    const { tokenId, query, pagingFault } = request;
    const { items, ...rest } = cutPage(memberships, `token/${tokenId}`, query, pagingFault);
    return ok({ projects: items.map(({ project }) => project), ...rest });
  },
} satisfies Partial<Record<Operation, Handler>>;

/** An unknown token is 404 and another principal's is 403, as the documented errors suggest. */
function findToken(store: Store, { tokenId, caller: { principal } }: OperationRequest): StoredToken {
  const stored = store.find(tokenId) ?? sampleToken(tokenId, principal);
  if (stored === undefined) throw new Rejection(vendorError('NotFoundError', { param: 'token' }));
  if (stored.principal !== principal) throw new Rejection(vendorError('ActionForbiddenError'));
  return stored;
}

function isSample(store: Store, { token }: StoredToken): boolean {
  return store.find(token.id) === undefined;
}
