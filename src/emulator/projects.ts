import { randomUUID } from 'node:crypto';
import type { ProjectWithPolicyDto } from '../upstream/generated.ts';
import { TTL_SECONDS } from './credentials.ts';
import { EmulatorError, ok, vendorError } from './reply.ts';
import { type Caller, type Handler, isForm, readJson } from './request.ts';
import type { Operation } from './routes.ts';
import { completeProject, namedUuid, userIdOf } from './seed.ts';
import type { Store } from './store.ts';
import { readAs, readBody } from './validate.ts';

/**
 * Makes a token a member of a project, new or known; one that is in it already gets the new policy. Throws an EmulatorError
 * for an unknown token, and for a project that a data file could not hold.
 */
export async function addProject(
  store: Store,
  tokenId: string,
  project: unknown = {},
): Promise<ProjectWithPolicyDto> {
  const stored = store.find(tokenId);
  if (stored === undefined) throw new EmulatorError(`Expected the id of a token, got ${tokenId}.`);
  const expected = 'a project with `id` and `name` as strings, and `policy`';
  const given = readAs('SeedProject', project, (problem) => `Expected ${expected}, got ${problem}.`);
  const added = completeProject(given, tokenId, randomUUID());
  const { memberships } = stored;
  const at = memberships.findIndex(({ project: { id } }) => id === added.id);
  const sequence = memberships[at]?.sequence ?? (memberships.at(-1)?.sequence ?? 0) + 1;
  const membership = { sequence, project: added };
  await store.put({
    ...stored,
    memberships: at < 0 ? [...memberships, membership] : memberships.with(at, membership),
  });
  return added;
}

/** The operations of the STS, and the one that makes a token a member of a project. */
export const projectOperations = {
  async createProjectScopedToken({ store, credentials }, request) {
    const body = isForm(request) ? Object.fromEntries(new URLSearchParams(request.text)) : readJson(request);
    const { projectId } = readBody('CreateProjectScopedTokenBody', body);
    if (!projectsOf(store, request.caller).has(projectId))
      return vendorError('PrincipalDoesNotBelongToProjectError');
    const { principal, tokenId } = request.caller;
    const subject = tokenId === undefined ? `user/${principal}` : `token/${tokenId}`;
    const accessToken = await credentials.issue(subject, { projectId });
    return ok({ accessToken, expiresIn: TTL_SECONDS, scope: 'openid offline_access' });
  },

  whoami: (_service, { caller: { principal, tokenId } }) =>
    ok(
      tokenId === undefined
        ? { principalId: userIdOf(principal), principalType: 'user' }
        : { principalId: tokenId, principalType: 'token' },
    ),

  getWellKnownJwks: ({ credentials }) => ok(credentials.jwks),

  /**
   * The project of a project-scoped token. Any other bearer uses its default project, so that the first token of an empty
   * emulator can be added to one.
   */
  async addPrincipalToProject({ store }, request) {
    const { principalId, principalType } = Object(readJson(request));
    const stored = principalType === 'token' ? store.find(principalId) : undefined;
    if (stored === undefined) return vendorError('InvalidParameterError', { param: 'principalId' });
    const { principal, projectId = namedUuid(`${principal}/default-project`) } = request.caller;
    if (stored.principal !== principal) return vendorError('ActionForbiddenError');
    const name = projectsOf(store, request.caller).get(projectId);
    await addProject(store, principalId, { id: projectId, ...(name === undefined ? {} : { name }) });
    return { status: 204 };
  },
} satisfies Partial<Record<Operation, Handler>>;

/** The names of the caller's projects by id. A token has its own projects, a person those of any of their tokens. */
function projectsOf(store: Store, { principal, tokenId }: Caller): ReadonlyMap<string, string> {
  const tokens = store.listOf(principal).filter(({ token }) => tokenId === undefined || token.id === tokenId);
  const projects = tokens.flatMap(({ memberships }) => memberships.map(({ project }) => project));
  return new Map(projects.map(({ id, name }) => [id, name]));
}
