import { randomUUID } from 'node:crypto';
import type { ProjectWithPolicyDto } from '../upstream/generated.ts';
import { EmulatorError } from './errors.ts';
import { namedUuid } from './ids.ts';
import { type Handler, readJson } from './operation.ts';
import { vendorError } from './reply.ts';
import { completeProject, type SeedProject } from './seed/seed.ts';
import type { Store, StoredToken } from './store.ts';

/** Makes a token a member of a project, new or known; one that is in it already gets the new policy. */
export async function addProject(
  store: Store,
  tokenId: string,
  project: SeedProject = {},
): Promise<ProjectWithPolicyDto> {
  const stored = store.find(tokenId);
  if (stored === undefined) throw new EmulatorError(`Expected the id of a token, got ${tokenId}.`);
  const added = completeProject(project, tokenId, randomUUID());
  await store.replace({ ...stored, memberships: withProject(stored, added) });
  return added;
}

/**
 * A project-scoped token says by itself which project is meant. Any other bearer means its default project: that
 * is how the first token of an empty emulator gets into one.
 */
export function createAddPrincipalHandler(store: Store): Handler {
  return async (request) => {
    const read = readJson(request);
    if ('refusal' in read) return read.refusal;
    const { principalId, principalType } = Object(read.body);
    if (typeof principalId !== 'string' || principalType !== 'token') {
      return vendorError('InvalidParameterError', { param: 'principalId' });
    }
    const { caller } = request;
    const stored = store.find(principalId);
    if (stored === undefined) return vendorError('InvalidParameterError', { param: 'principalId' });
    if (stored.principal !== caller.principal) return vendorError('ActionForbiddenError');
    const known = findProject(store, caller.principal, caller.projectId);
    await addProject(store, principalId, known ?? { id: namedUuid(`${caller.principal}/default-project`) });
    return { status: 204 };
  };
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
  if (memberships.some((membership) => membership.project.id === project.id)) {
    return memberships.map((membership) =>
      membership.project.id === project.id ? { ...membership, project } : membership,
    );
  }
  return [...memberships, { sequence: (memberships.at(-1)?.sequence ?? 0) + 1, project }];
}
