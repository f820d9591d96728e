import type { CreateProjectScopedTokenInput } from '../upstream/generated.ts';
import type { Credentials } from './credentials.ts';
import { userIdOf } from './ids.ts';
import { type Caller, type Handler, type OperationRequest, readJson } from './operation.ts';
import { ok, vendorError } from './reply.ts';
import type { Store } from './store.ts';
import { findBodyFaults } from './validate.ts';

export interface StsOptions {
  readonly store: Store;
  readonly credentials: Credentials;
  readonly projectTokenTtlSeconds: number;
}

export function createStsHandlers({
  store,
  credentials,
  projectTokenTtlSeconds,
}: StsOptions): Record<'createProjectScopedToken' | 'whoami' | 'getWellKnownJwks', Handler> {
  return {
    async createProjectScopedToken(request) {
      const read = readInput(request);
      if ('refusal' in read) return read.refusal;
      const details = findBodyFaults('CreateProjectScopedTokenInput', read.body);
      if (details.length > 0) {
        return vendorError('InvalidParameterError', { param: details[0]?.field ?? 'body', details });
      }
      const { projectId } = read.body as CreateProjectScopedTokenInput;
      if (!belongsTo(store, request.caller, projectId)) {
        return vendorError('PrincipalDoesNotBelongToProjectError');
      }
      const accessToken = await credentials.issueProjectToken(request.caller, projectId);
      return ok({ accessToken, expiresIn: projectTokenTtlSeconds, scope: 'openid offline_access' });
    },

    whoami: ({ caller: { principal, tokenId } }) =>
      ok(
        tokenId === undefined
          ? { principalId: userIdOf(principal), principalType: 'user' }
          : { principalId: tokenId, principalType: 'token' },
      ),

    getWellKnownJwks: () => ok(credentials.jwks),
  };
}

/** JSON, or the form that the vendor's Java client sends. */
function readInput(request: OperationRequest): ReturnType<typeof readJson> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.contentType)) return readJson(request);
  return { body: Object.fromEntries(new URLSearchParams(request.text)) };
}

/** A token belongs to its own projects, a person to those of any of their tokens. */
function belongsTo(store: Store, { principal, tokenId }: Caller, projectId: string): boolean {
  const tokens = store.listOf(principal).filter(({ token }) => tokenId === undefined || token.id === tokenId);
  return tokens.some(({ memberships }) => memberships.some(({ project }) => project.id === projectId));
}
