import { hash } from 'node:crypto';
import type {
  JsonWebKeyDto,
  PolicyDto,
  PolicyStatementDto,
  ProjectWithPolicyDto,
  SigningAlgorithm,
  TokenDto,
} from '../upstream/generated.ts';
import type { State, StoredToken } from './store.ts';

/**
 * The data to start with. Everything but the principals' names may be left out:
 * `{ "principals": { "alice": { "tokens": [{ "name": "ci-runner", "projects": [{ "name": "Billing" }] }] } } }`
 * gives the bearer `alice` one token with a sample RSA key and one project whose policy allows everything.
 * Two projects with one `id` are one project that two tokens share.
 */
export interface Seed {
  readonly principals: Readonly<Record<string, { readonly tokens?: readonly SeedToken[] }>>;
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

/** Members that a seed omits get the same values every time. */
export function stateOf(seed: Seed): State {
  const tokens: StoredToken[] = [];
  for (const [principal, { tokens: seeds = [] }] of Object.entries(seed.principals))
    for (const [index, token] of seeds.entries())
      tokens.push(completeToken(principal, index, token, tokens.length + 1));
  return { lastSequence: tokens.length, tokens };
}

export function completeProject(project: SeedProject, tokenId: string, newId: string): ProjectWithPolicyDto {
  const { id = newId, name = 'Default Project', policy } = project;
  return {
    id,
    name,
    policy: {
      principalId: `token/${tokenId}`,
      projectId: id,
      version: '2022-12-15',
      statement: [allow(id, tokenId, ['*'])],
      ...policy,
    },
  };
}

export function allow(projectId: string, tokenId: string, action: string[]): PolicyStatementDto {
  const principal = [`ari:iam::${projectId}:token/${tokenId}`];
  return { principal, action, resource: ['*'], effect: 'Allow' };
}

function completeToken(principal: string, index: number, seed: SeedToken, sequence: number): StoredToken {
  const { description, projects = [], ...given } = seed;
  const id = given.id ?? namedUuid(`${principal}/token/${index}`);
  const authenticationMethod: TokenDto['authenticationMethod'] = {
    type: 'PRIVATE_KEY',
    signingAlgorithm: 'RS256',
    publicKeyInfo: { jwks: { keys: [sampleKey('RS256', id)] } },
  };
  return {
    sequence,
    principal,
    token: { ...newToken(id, principal, { name: `token-${index + 1}`, authenticationMethod }), ...given },
    ...(description === undefined ? {} : { description }),
    memberships: projects.map((project, position) => ({
      sequence: position + 1,
      project: completeProject(project, id, namedUuid(`${id}/project/${position}`)),
    })),
  };
}

/** A token as IAM makes it from the input of a create. */
export function newToken(
  id: string,
  principal: string,
  input: Pick<TokenDto, 'name' | 'authenticationMethod'>,
): TokenDto {
  return {
    id,
    ari: `ari:iam:::token/${id}`,
    ownerAri: `ari:iam:::user/${userIdOf(principal)}`,
    ...input,
    scopes: ['openid', 'offline_access'],
  };
}

/**
 * The token with an id such as `fault-hang`, so that a fault can be tried without setting anything up. It is in no list,
 * and each principal sees it as its own. It has 25 projects, which is more than one page for most clients.
 */
export function sampleToken(tokenId: string, principal: string): StoredToken | undefined {
  if (!tokenId.startsWith('fault-')) return undefined;
  const projects = Array.from({ length: 25 }, (_, index) => ({
    id: namedUuid(`sample/project/${index}`),
    name: `Sample ${String(index + 1).padStart(2, '0')}`,
  }));
  const token = { id: tokenId, name: `sample of ${tokenId}`, projects };
  return stateOf({ principals: { [principal]: { tokens: [token] } } }).tokens[0];
}

// Three real public keys; their private halves were thrown away. Every sample token has one of them under its
// own `kid`, because making 120 RSA keys takes longer than starting everything else.
const RSA = {
  kty: 'RSA',
  n: 'olUlfh-4Eblb8QedYxoCaD_LqLN0MArqS_ujEfcjpUv3UeAQ_x8a0bAXgnmOR3Z2hg2FUJsABwH0w9bLK0HS64rEftyVIfxwyBTaKo-3M0LkC4UqC2pqdOlwF4AOtv6hd42tH4UA_4LQ_ZOSN_bXr-BTFD-kxKGo5kuh5GwzXv22VqWx1Z7MM75EY6lyPhVKeFDmOju9fbAfrgdJVxLJWp9X1JdnXVHRpUYSXsY2be-uBLWuWIgjszvybgO6ct6OXt1jn1VmxDbJL4SBcdO1LR7zPMXGy0pdCQktr6JGQt8nAdwZlgu_iwUS1XDkZ18vHCoQz3IeqnPBG3ScG457yw',
  e: 'AQAB',
};
const P256 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'EiAZy3TKH13u5stXnQmtAiw8zj1DkBz7Rgi4NJAmdS0',
  y: 'HOEhKzwrdDknHhJwK6FQ8JuvD6Pza1ZhS-8aRXZznPs',
};
const P521 = {
  kty: 'EC',
  crv: 'P-521',
  x: 'AUDFIYIpMBKQKOxCkei9FysQAxzU0JUznDpTQg1Xh2JVXCF79JlACjtZgOO2_Z56hvFP-sTAhLJqezMxjMY35kBs',
  y: 'ATxt1i0tbdbJb0Dz8bVzYt1xaZ2HEVEVoBeMRd1geJk2r73an2X7GgCS6HGPzmv9NVdJxjoX6bs078m00PW6vOVJ',
};

const KEYS = { RS256: RSA, RS512: RSA, ES256: P256, ES512: P521 };

/** A public key that imports and fits the algorithm. */
export function sampleKey(alg: SigningAlgorithm, kid: string): JsonWebKeyDto {
  return { use: 'sig', kid, alg, ...KEYS[alg] };
}

/** A UUID in the form of version 4 that depends on `name` only: sample data keep their ids over restarts. */
export function namedUuid(name: string): string {
  const hex = hash('sha256', name, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function userIdOf(principal: string): string {
  return namedUuid(`user/${principal}`);
}
