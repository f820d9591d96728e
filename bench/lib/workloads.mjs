/** The queries, their concurrency and the expected responses. `dialects.mjs` has the documents for each gateway. */
import { authenticationMethod, createProject, createToken, tokenId } from './data.mjs';

/** `shape`: the query; `tokens`: how many the caller has; `ids`: how many different ids the queries use in turn. */
export const WORKLOADS = {
  W1: { title: 'one token, 8 fields', shape: 'token', connections: 16, tokens: 100, ids: 1000 },
  W2: { title: 'list of 100 tokens, 5 fields', shape: 'tokens', connections: 16, tokens: 100 },
  W3: { title: '50 tokens, each with 10 projects', shape: 'projects', connections: 8, tokens: 50 },
  W4: {
    title: '20 aliases, 10 tokens of the list',
    shape: 'aliases',
    connections: 16,
    tokens: 100,
    ids: 100,
  },
  W5: {
    title: 'bursts of 100 equal W1, 20 ms',
    shape: 'token',
    burst: 100,
    tokens: 100,
    ids: 1,
    latencyMs: 20,
  },
  W6: { title: 'create a token', shape: 'create', connections: 16, tokens: 100 },
  W7: { title: 'W3, upstream 20 ms', shape: 'projects', connections: 8, tokens: 50, latencyMs: 20 },
  W8: { title: 'W1, upstream 20 ms', shape: 'token', connections: 64, tokens: 100, ids: 1000, latencyMs: 20 },
  W9: { title: 'W4, most not on the first page', shape: 'aliases', connections: 16, tokens: 100, ids: 1000 },
};

/** The variables of the `n`-th request. */
export function variablesOf({ shape, ids }, n) {
  if (shape === 'token') return { id: tokenId(n % ids) };
  if (shape === 'create') return { input: { name: 'Service token of a benchmark', authenticationMethod } };
  if (shape !== 'aliases') return {};
  const asked = Array.from({ length: 10 }, (_, index) => [`i${index}`, tokenId((n * 10 + index) % ids)]);
  return Object.fromEntries(asked);
}

/** The data that `pick` of every dialect must return for the response to the `n`-th request. */
export function expectedOf(workload, n) {
  const { shape, tokens } = workload;
  const listed = Array.from({ length: tokens }, (_, index) => createToken(tokenId(index)));
  if (shape === 'token') return wholeToken(createToken(variablesOf(workload, n).id));
  if (shape === 'tokens') return listed.map(listedToken);
  if (shape === 'projects') return listed.map((token) => [token.id, token.name, projectsOf(token)]);
  if (shape === 'create') return ['Service token of a benchmark', 'string'];
  const asked = Object.values(variablesOf(workload, n)).map(createToken);
  return [...asked, ...asked].map(shortToken);
}

export const wholeToken = ({
  id,
  name,
  ari,
  ownerAri,
  scopes,
  authenticationMethod: { type, signingAlgorithm },
}) => [id, name, ari, ownerAri, scopes, type, signingAlgorithm];
export const listedToken = ({ id, name, ari, ownerAri, scopes }) => [id, name, ari, ownerAri, scopes];
export const shortToken = ({ id, name, ari }) => [id, name, ari];
export const projectWithPolicy = ({ id, name, policy: { version, statement } }) => [
  id,
  name,
  version,
  statement.map(({ effect, action, resource, principal }) => [effect, action, resource, principal]),
];

function projectsOf(token) {
  return Array.from({ length: 10 }, (_, index) => projectWithPolicy(createProject(token.id, index)));
}
