/** The schema of each gateway: a `document` for each shape of query, and `pick`, which reads its response. */
import { listedToken, projectWithPolicy, shortToken, variablesOf, wholeToken } from './workloads.mjs';

const WHOLE = '{ id name ari ownerAri scopes authenticationMethod { type signingAlgorithm } }';
const SHORT = '{ id name ari }';
const LISTED = 'id name ari ownerAri scopes';
const POLICY = 'policy { version statement { effect action resource principal } }';
const PAGE_INFO = 'pageInfo { hasNextPage endCursor }';

/** The body of the `n`-th request. */
export function documentOf(dialect, workload, n) {
  const { shape } = workload;
  return {
    operationName: 'Bench',
    query: DIALECTS[dialect].queries[shape],
    variables: variablesOf(workload, n),
  };
}

/** The data of a response in the form that `expectedOf` returns. */
export function pick(dialect, { shape }, data) {
  const { token, tokens, projects, created } = DIALECTS[dialect];
  if (shape === 'token') return wholeToken(data[token.field]);
  if (shape === 'tokens') return tokens(data).map(listedToken);
  if (shape === 'projects')
    return tokens(data).map((each) => [each.id, each.name, projects(each).map(projectWithPolicy)]);
  if (shape === 'create') return [created(data).name, typeof created(data).id];
  return Array.from({ length: 20 }, (_, index) => shortToken(data[`a${index}`]));
}

const DIALECTS = {
  /** This gateway: the policy is on the edge, and pages have sizes. */
  gateway: createDialect({
    token: { field: 'token', argument: 'id', type: 'ID!' },
    tokensQuery: `tokens(first: 100) { edges { node { ${LISTED} } } ${PAGE_INFO} }`,
    projectsQuery: `tokens(first: 50) { edges { node { id name projects(first: 10) { edges { cursor node { id name } policy { version statements { effect actions resources principals } } } ${PAGE_INFO} } } } ${PAGE_INFO} }`,
    createQuery: 'createToken(input: $input) { token { id name ari } userErrors { code message } }',
    tokens: ({ tokens }) => nodesOf(tokens),
    projects: (token) =>
      token.projects.edges.map(({ node, policy }) => ({ ...node, policy: renamed(policy) })),
    created: ({ createToken }) => createToken.token,
  }),
  /** A schema written by hand: connections around REST responses. */
  relay: createDialect({
    token: { field: 'token', argument: 'id', type: 'ID!' },
    tokensQuery: `tokens { edges { node { ${LISTED} } } ${PAGE_INFO} }`,
    projectsQuery: `tokens { edges { node { id name projects(first: 10) { edges { cursor node { id name ${POLICY} } } ${PAGE_INFO} } } } ${PAGE_INFO} }`,
    createQuery: 'createToken(input: $input) { token { id name ari } }',
    tokens: ({ tokens }) => nodesOf(tokens),
    projects: ({ projects }) => nodesOf(projects),
    created: ({ createToken }) => createToken.token,
  }),
  /** Schemas generated from an OpenAPI document have the names and pages of REST. */
  rest: createRestDialect({ one: 'getToken', list: 'listToken', inputType: 'CreateTokenInput' }),
  mesh: createRestDialect({ one: 'getToken', list: 'listToken', inputType: 'CreateTokenInput_Input' }),
  openapi: createRestDialect({
    one: 'tokenDto',
    list: 'tokenList',
    inputType: 'CreateTokenInputInput',
    inputName: 'createTokenInputInput',
  }),
};

function createRestDialect({ one, list, inputType, inputName = 'input' }) {
  return createDialect({
    token: { field: one, argument: 'tokenId', type: 'String!' },
    tokensQuery: `${list} { tokens { ${LISTED} } lastEvaluatedKey }`,
    projectsQuery: `${list} { tokens { id name projects(limit: 10) { projects { id name ${POLICY} } lastEvaluatedKey } } lastEvaluatedKey }`,
    createQuery: `createToken(${inputName}: $input) { id name ari }`,
    inputType,
    tokens: (data) => data[list].tokens,
    projects: ({ projects }) => projects.projects,
    created: ({ createToken }) => createToken,
  });
}

function createDialect(options) {
  const {
    token,
    tokensQuery,
    projectsQuery,
    createQuery,
    inputType = 'CreateTokenInput',
    ...picks
  } = options;
  const { field, argument, type } = token;
  const declared = Array.from({ length: 10 }, (_, index) => `$i${index}: ${type}`).join(', ');
  const asked = Array.from(
    { length: 20 },
    (_, index) => `a${index}: ${field}(${argument}: $i${index % 10}) ${SHORT}`,
  );
  const queries = {
    token: `query Bench($id: ${type}) { ${field}(${argument}: $id) ${WHOLE} }`,
    tokens: `query Bench { ${tokensQuery} }`,
    projects: `query Bench { ${projectsQuery} }`,
    aliases: `query Bench(${declared}) { ${asked.join(' ')} }`,
    create: `mutation Bench($input: ${inputType}!) { ${createQuery} }`,
  };
  return { token, queries, ...picks };
}

function nodesOf({ edges }) {
  return edges.map(({ node }) => node);
}

function renamed({ version, statements }) {
  const statement = statements.map(({ effect, actions, resources, principals }) => ({
    effect,
    action: actions,
    resource: resources,
    principal: principals,
  }));
  return { version, statement };
}
