import { randomUUID } from 'node:crypto';
import type { ProjectWithPolicyDto } from '../upstream/generated.ts';
import { TTL_SECONDS } from './credentials.ts';
import { EmulatorError, ok, vendorError } from './reply.ts';
import { type Caller, type Handler, isForm, type OperationRequest, readJson } from './request.ts';
import type { Operation } from './routes.ts';
import { completeProject, namedUuid, type SeedProject, userIdOf } from './seed.ts';
import type { Store, StoredToken } from './store.ts';
import { describeProblem, readProjectScopedTokenInput, seedProjectCheck } from './validate.ts';

/**
 * Makes a token a member of a project, new or known; one that is in it already gets the new policy. Throws an EmulatorError
 * for an unknown token, and for a project that a data file could not hold.
 */
export async function addProject(
  store: Store,
  tokenId: string,
  project: SeedProject = {},
): Promise<ProjectWithPolicyDto> {
  const stored = store.find(tokenId);
  if (stored === undefined) throw new EmulatorError(`Expected the id of a token, got ${tokenId}.`);
  const isProject = seedProjectCheck();
  if (!isProject(project)) {
    throw new EmulatorError(
      `Expected a project: \`id\` and \`name\` as strings, and \`policy\` (${describeProblem(isProject)}).`,
    );
  }
  const added = completeProject(project, tokenId, randomUUID());
  await store.replace({ ...stored, memberships: withProject(stored, added) });
  return added;
}

/** The operations of the STS, and the one that makes a token a member of a project. */
export const projectOperations = {
  async createProjectScopedToken({ store, credentials }, request) {
    const { projectId } = readProjectScopedTokenInput(isForm(request) ? withFormAsJson(request) : request);
    if (!belongsTo(store, request.caller, projectId)) {
      return vendorError('PrincipalDoesNotBelongToProjectError');
    }
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
    const stored =
      typeof principalId === 'string' && principalType === 'token' ? store.find(principalId) : undefined;
    if (stored === undefined) return vendorError('InvalidParameterError', { param: 'principalId' });
    const { principal, projectId } = request.caller;
    if (stored.principal !== principal) return vendorError('ActionForbiddenError');
    const known = findProject(store, principal, projectId);
    await addProject(store, principalId, known ?? { id: namedUuid(`${principal}/default-project`) });
    return { status: 204 };
  },
} satisfies Partial<Record<Operation, Handler>>;

function withFormAsJson(request: OperationRequest): OperationRequest {
  const text = JSON.stringify(Object.fromEntries(new URLSearchParams(request.text)));
  return { ...request, contentType: 'application/json', text };
}

/** A token belongs to its own projects, a person to those of any of their tokens. */
function belongsTo(store: Store, { principal, tokenId }: Caller, projectId: string): boolean {
  const tokens = store.listOf(principal).filter(({ token }) => tokenId === undefined || token.id === tokenId);
  return tokens.some(({ memberships }) => memberships.some(({ project }) => project.id === projectId));
}

function findProject(
  store: Store,
  principal: string,
  projectId: string | undefined,
): SeedProject | undefined {
  if (projectId === undefined) return undefined;
  const memberships = store.listOf(principal).flatMap((stored) => stored.memberships);
  const name = memberships.find(({ project }) => project.id === projectId)?.project.name;
  return { id: projectId, ...(name === undefined ? {} : { name }) };
}

function withProject(
  { memberships }: StoredToken,
  project: ProjectWithPolicyDto,
): StoredToken['memberships'] {
  const at = memberships.findIndex((membership) => membership.project.id === project.id);
  const { sequence = (memberships.at(-1)?.sequence ?? 0) + 1 } = memberships[at] ?? {};
  const membership = { sequence, project };
  return at < 0 ? [...memberships, membership] : memberships.with(at, membership);
}
