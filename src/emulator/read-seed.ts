import type { PublicKeyInfoDto, SigningAlgorithm } from '../upstream/generated.ts';
import { readJsonFile, requireOwnIds } from './data-file.ts';
import { allow, namedUuid, type Seed, type SeedProject, type SeedToken, sampleKey, stateOf } from './seed.ts';
import type { State } from './store.ts';
import { readAs } from './validate.ts';

/** The state of a seed, or of the file that it names. Throws an EmulatorError for one that cannot be used. */
export function readSeed(seed: string | Seed = 'demo'): State {
  if (seed === 'demo') return stateOf(demoSeed(120));
  if (seed === 'large') return stateOf(demoSeed(10_000));
  if (seed === 'empty') return stateOf({ principals: {} });
  const source = typeof seed === 'string' ? `EMULATOR_SEED ${seed}` : 'the seed';
  const example = '{ "principals": { "alice": { "tokens": [{ "name": "ci-runner" }] } } }';
  const explain = (problem: string) => `Expected ${source} to be ${example} or the like, got ${problem}.`;
  const expected = 'Expected EMULATOR_SEED to be demo, empty, large or a readable JSON file';
  const content = typeof seed === 'string' ? readJsonFile(seed, expected) : seed;
  const state = stateOf(readAs('Seed', content, explain));
  requireOwnIds(state.tokens, explain);
  return state;
}

/** The first tokens of the bearer `demo`: those that the documentation shows, with few, many and no projects. */
const FIRST: readonly (readonly [name: string, algorithm: SigningAlgorithm, projects: number])[] = [
  ['billing-worker', 'RS256', 3],
  ['signing-service', 'ES256', 2],
  ['partner-portal', 'RS512', 1],
  ['ci-deployer', 'ES512', 7],
  ['audit-exporter', 'RS256', 250],
  ['onboarding-api', 'ES256', 12],
  ['retired-importer', 'RS256', 0],
  ['credential-issuer', 'ES512', 40],
  ['verifier-gateway', 'ES256', 21],
  ['support-console', 'RS512', 9],
];

const SERVICES = ['payments', 'invoices', 'identity', 'search', 'mailer', 'reports', 'webhooks', 'ledger'];
const ROLES = ['worker', 'api', 'scheduler', 'exporter', 'reader'];
const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'RS512', 'ES512'];
const PROJECTS = ['Billing', 'Identity Verification', 'Partner Onboarding'];
const ACTIONS = [['*'], ['ver:verifyPresentation'], ['cis:listIssuance', 'cis:startIssuance'], ['iota:read']];

/** As many tokens of the principal `demo`. They have the same ids at every start. */
function demoSeed(count: number): Seed {
  return { principals: { demo: { tokens: Array.from({ length: count }, (_, index) => demoToken(index)) } } };
}

function demoToken(index: number): SeedToken {
  const id = namedUuid(`demo/token/${index}`);
  const [name, signingAlgorithm, projects] = FIRST[index] ?? [
    `${SERVICES[index % SERVICES.length]}-${ROLES[index % ROLES.length]}-${index}`,
    ALGORITHMS[index % ALGORITHMS.length] ?? 'RS256',
    index % 6,
  ];
  return {
    id,
    name,
    authenticationMethod: {
      type: 'PRIVATE_KEY',
      signingAlgorithm,
      publicKeyInfo: keyInfo(index, name, signingAlgorithm, id),
    },
    projects: Array.from({ length: projects }, (_, position) => demoProject(id, index, position)),
  };
}

/** Every tenth token has the URL of its keys, and every tenth has two keys, as during a rotation. */
function keyInfo(index: number, name: string, algorithm: SigningAlgorithm, id: string): PublicKeyInfoDto {
  if (index % 10 === 2) return { jwksUri: `https://${name}.example.com/.well-known/jwks.json` };
  const current = sampleKey(algorithm, id);
  return { jwks: { keys: index % 10 === 7 ? [current, sampleKey(algorithm, `${id}-next`)] : [current] } };
}

/** Tokens share their first three projects, each with a policy of its own. */
function demoProject(tokenId: string, index: number, position: number): SeedProject {
  const shared = PROJECTS[position];
  const projectId = namedUuid(
    shared === undefined ? `${tokenId}/project/${position}` : `demo/project/${shared}`,
  );
  const action = ACTIONS[(index + position) % ACTIONS.length] ?? ['*'];
  return {
    id: projectId,
    name: shared ?? `Customer ${String(position + 1).padStart(3, '0')}`,
    policy: { statement: [allow(projectId, tokenId, action)] },
  };
}
