import { type Call, type Scope, withDeadline } from './attempt.ts';
import { raceCancel } from './cancellation.ts';
import type { CreateTokenBody, ProjectWithPolicyDto, TokenDto, UpdateTokenBody } from './generated.ts';
import { checkDeleteBody, type Page, readProjectPage, readToken, readTokenPage } from './parse-response.ts';
import type { Send } from './send.ts';
import type { SingleFlight } from './single-flight.ts';
import { UpstreamError } from './upstream-error.ts';

export interface PageRequest {
  /** 1 to 100; IAM may return fewer items. */
  readonly limit: number;
  /** `next` of the previous page; undefined for the first page. */
  readonly startKey: string | undefined;
}

/** The six operations of the IAM Tokens API. All reject with `UpstreamError` or `AuthError`; ids must satisfy `isId`. */
export type IamClient = ReturnType<typeof createIamClient>;

export interface WriteHooks {
  /** Called at the start and at the end of every write of an identity: results of its earlier reads may be outdated. */
  onWrite(identity: string): void;
  /** Resolves when other processes know about the write. The response to the write waits for it until the deadline. */
  readonly afterWrite?: ((identity: string) => Promise<void>) | undefined;
}

/**
 * `send` makes one call over HTTP; the client knows the route of each operation and how to read its response. A read that
 * is in flight for the same identity is shared instead of repeated. A read that began before a write of that identity
 * ended is never shared with a request that comes after the write, because it may have seen the old state.
 */
export function createIamClient(send: Send, reads: SingleFlight, { onWrite, afterWrite }: WriteHooks) {
  const read = <Value>(
    scope: Scope,
    { operation, path, parse }: Omit<Call<Value>, 'method'>,
  ): Promise<Value> => {
    const call = { operation, method: 'GET', path, parse } as const;
    if (scope.isShared === false) return send(scope, call);
    const { credential, deadline } = scope;
    return reads.run(credential.identity, path, deadline, (shared) =>
      send(withDeadline(scope, shared), call),
    );
  };
  const write = async <Value>(scope: Scope, call: Call<Value>): Promise<Value> => {
    const { identity } = scope.credential;
    reads.invalidate(identity);
    onWrite(identity);
    try {
      return await send(scope, call);
    } finally {
      reads.invalidate(identity);
      onWrite(identity);
      // The client gets the response after this, so that its next read sees the write, whichever process serves it.
      await raceCancel(afterWrite?.(identity), scope.deadline.expired)?.catch(() => undefined);
    }
  };
  return {
    getToken: async (scope: Scope, id: string): Promise<TokenDto> =>
      read(scope, { operation: 'getToken', path: tokenPath(id), parse: (body) => readToken(body, id) }),
    listTokens: (scope: Scope, page: PageRequest): Promise<Page<TokenDto>> =>
      read(scope, { operation: 'listToken', path: `/v1/tokens${query(page)}`, parse: readTokenPage }),
    async listProjectsOfToken(
      scope: Scope,
      id: string,
      page: PageRequest,
    ): Promise<Page<ProjectWithPolicyDto>> {
      const path = `${tokenPath(id)}/projects${query(page)}`;
      return read(scope, { operation: 'listProjectsOfToken', path, parse: readProjectPage });
    },
    createToken: (scope: Scope, body: CreateTokenBody): Promise<TokenDto> =>
      write(scope, { operation: 'createToken', method: 'POST', path: '/v1/tokens', body, parse: readToken }),
    async updateToken(scope: Scope, id: string, body: UpdateTokenBody): Promise<TokenDto> {
      const call = { operation: 'updateToken', method: 'PATCH', path: tokenPath(id), body } as const;
      return write(scope, { ...call, parse: (response) => readToken(response, id) });
    },
    async deleteToken(scope: Scope, id: string): Promise<void> {
      const call = { operation: 'deleteToken', method: 'DELETE', path: tokenPath(id) } as const;
      return write(scope, { ...call, parse: checkDeleteBody });
    },
  };
}

/**
 * Ids are opaque (UUIDs in practice). The pattern is strict because an id becomes a path segment, and
 * `encodeURIComponent('..')` is `..`: encoding alone would let an id climb the path.
 */
const ID = /^[A-Za-z0-9_][A-Za-z0-9_.:~-]{0,127}$/;

/** Whether `id` has the form of an id. A malformed one is never sent upstream. */
export function isId(id: string): boolean {
  return ID.test(id) && !id.includes('..');
}

function tokenPath(id: string): string {
  // Resolvers reject a malformed id with a message for the client. This check is the second line of defence.
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
