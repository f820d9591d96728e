import type { Scope } from './attempt.ts';
import type { CreateTokenBody, ProjectWithPolicyDto, TokenDto, UpdateTokenBody } from './models.ts';
import { type Page, readProjectPage, readToken, readTokenPage } from './parse-response.ts';
import type { Send } from './send.ts';
import { UpstreamError } from './upstream-error.ts';

/** Which page of a listing. */
export interface PageRequest {
  /** 1 to 100; the API may answer with fewer. */
  readonly limit: number;
  /** `next` of the page before; undefined for the first. */
  readonly startKey: string | undefined;
}

/** The six operations of the IAM Tokens API. All reject with `UpstreamError` or `AuthError`; ids must satisfy `isId`. */
export interface IamClient {
  getToken(scope: Scope, id: string): Promise<TokenDto>;
  listTokens(scope: Scope, page: PageRequest): Promise<Page<TokenDto>>;
  listProjectsOfToken(scope: Scope, id: string, page: PageRequest): Promise<Page<ProjectWithPolicyDto>>;
  createToken(scope: Scope, body: CreateTokenBody): Promise<TokenDto>;
  updateToken(scope: Scope, id: string, body: UpdateTokenBody): Promise<TokenDto>;
  deleteToken(scope: Scope, id: string): Promise<void>;
}

/** `send` speaks HTTP; here each operation is its route and the reading of its answer. */
export function createIamClient(send: Send): IamClient {
  return {
    async getToken(scope, id) {
      const { body } = await send(scope, { operation: 'getToken', method: 'GET', path: tokenPath(id) });
      return readToken(body, id);
    },
    async listTokens(scope, page) {
      const { body } = await send(scope, {
        operation: 'listToken',
        method: 'GET',
        path: `/v1/tokens${query(page)}`,
      });
      return readTokenPage(body);
    },
    async listProjectsOfToken(scope, id, page) {
      const path = `${tokenPath(id)}/projects${query(page)}`;
      const { body } = await send(scope, { operation: 'listProjectsOfToken', method: 'GET', path });
      return readProjectPage(body);
    },
    async createToken(scope, body) {
      const answer = await send(scope, {
        operation: 'createToken',
        method: 'POST',
        path: '/v1/tokens',
        body,
      });
      return readToken(answer.body);
    },
    async updateToken(scope, id, body) {
      const answer = await send(scope, {
        operation: 'updateToken',
        method: 'PATCH',
        path: tokenPath(id),
        body,
      });
      return readToken(answer.body, id);
    },
    async deleteToken(scope, id) {
      await send(scope, { operation: 'deleteToken', method: 'DELETE', path: tokenPath(id) });
    },
  };
}

function tokenPath(id: string): string {
  // Resolvers refuse a malformed id with a message for the caller. This is the last line: none ever reaches a path.
  if (!isId(id))
    throw new UpstreamError('invalid-response', 'a malformed id was about to be sent', {
      requestSent: false,
    });
  return `/v1/tokens/${encodeURIComponent(id)}`;
}

function query({ limit, startKey }: PageRequest): string {
  return startKey === undefined
    ? `?limit=${limit}`
    : `?limit=${limit}&exclusiveStartKey=${encodeURIComponent(startKey)}`;
}

/**
 * What an id may look like. Ids are opaque (UUIDs in practice), but one becomes a path segment, and
 * `encodeURIComponent('..')` is `..`: encoding alone would let an id climb the path.
 */
const ID = /^[A-Za-z0-9_][A-Za-z0-9_.:~-]{0,127}$/;

/** Whether `id` can be an id at all. A malformed one is never sent upstream. */
export function isId(id: string): boolean {
  return ID.test(id) && !id.includes('..');
}
