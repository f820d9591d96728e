import type { PolicyDto, ProjectWithPolicyDto, TokenDto } from '../../upstream/generated.ts';
import { namedUuid, ownerAriOf, tokenAri } from '../ids.ts';
import type { State, StoredToken } from '../store.ts';
import { sampleKey } from './sample-keys.ts';

/**
 * The data to start with. Everything but the principals' names may be left out:
 * `{ "principals": { "alice": { "tokens": [{ "name": "ci-runner", "projects": [{ "name": "Billing" }] }] } } }`
 * gives the bearer `alice` one token with a sample RSA key and one project whose policy allows everything.
 * Two projects with one `id` are one project that two tokens share.
 */
export interface Seed {
  readonly principals: Readonly<Record<string, { readonly tokens: readonly SeedToken[] }>>;
}

export interface SeedToken extends Partial<TokenDto> {
  readonly description?: string;
  readonly projects?: readonly SeedProject[];
}

export interface SeedProject {
  readonly id?: string;
  readonly name?: string;
  readonly policy?: Partial<PolicyDto>;
}

/** What a seed leaves out is filled in the same way every time. */
export function stateOf(seed: Seed): State {
  const tokens: StoredToken[] = [];
  for (const [principal, { tokens: seeds }] of Object.entries(seed.principals)) {
    for (const [index, token] of seeds.entries()) {
      tokens.push(completeToken(principal, index, token, tokens.length + 1));
    }
  }
  return { lastSequence: tokens.length, tokens };
}

export function completeProject(project: SeedProject, tokenId: string, newId: string): ProjectWithPolicyDto {
  const { id = newId, name = 'Default Project', policy } = project;
  const statement = {
    principal: [`ari:iam::${id}:token/${tokenId}`],
    action: ['*'],
    resource: ['*'],
    effect: 'Allow',
  };
  return {
    id,
    name,
    policy: {
      principalId: `token/${tokenId}`,
      projectId: id,
      version: '2022-12-15',
      statement: [statement],
      ...policy,
    },
  };
}

function completeToken(principal: string, index: number, seed: SeedToken, sequence: number): StoredToken {
  const { description, projects = [], ...given } = seed;
  const id = given.id ?? namedUuid(`${principal}/token/${index}`);
  return {
    sequence,
    principal,
    token: {
      id,
      ari: tokenAri(id),
      ownerAri: ownerAriOf(principal),
      name: `token-${index + 1}`,
      authenticationMethod: {
        type: 'PRIVATE_KEY',
        signingAlgorithm: 'RS256',
        publicKeyInfo: { jwks: { keys: [sampleKey('RS256', id)] } },
      },
      scopes: ['openid', 'offline_access'],
      ...given,
    },
    ...(description === undefined ? {} : { description }),
    memberships: projects.map((project, position) => ({
      sequence: position + 1,
      project: completeProject(project, id, namedUuid(`${id}/project/${position}`)),
    })),
  };
}
