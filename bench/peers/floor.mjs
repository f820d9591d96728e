/** The floor: the same responses without GraphQL. Any cost above it is that of GraphQL. */
import { createServer } from 'node:http';
import { projectsPath, tokenPath } from './typical.mjs';
import { createUndiciClient } from './undici-client.mjs';

const { PORT, UPSTREAM } = process.env;
const client = createUndiciClient(UPSTREAM);

const toPageInfo = ({ lastEvaluatedKey }) => ({
  hasNextPage: lastEvaluatedKey !== undefined,
  endCursor: lastEvaluatedKey ?? null,
});
const toListed = ({ id, name, ari, ownerAri, scopes }) => ({ node: { id, name, ari, ownerAri, scopes } });
const toShort = ({ id, name, ari }) => ({ id, name, ari });

/** Recognizes a query by a word in it. The load generator sends no other queries. */
const answers = [
  ['mutation', create],
  ['projects(', readProjects],
  ['a0:', readAliases],
  ['tokens {', readTokens],
  ['', readToken],
];

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', async () => {
    const { query, variables } = JSON.parse(body);
    const [, answer] = answers.find(([word]) => query.includes(word));
    const text = JSON.stringify({ data: await answer(request.headers.authorization, variables) });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    response.writeHead(200, headers).end(text);
  });
}).listen(PORT, '127.0.0.1');

async function create(authorization, { input }) {
  return { createToken: { token: toShort(await client.post('/v1/tokens', authorization, input)) } };
}

async function readProjects(authorization) {
  const page = await client.get('/v1/tokens', authorization);
  const edges = page.tokens.map(async ({ id, name }) => {
    const projects = await client.get(projectsPath(id, 10), authorization);
    return {
      node: {
        id,
        name,
        projects: { edges: projects.projects.map(toProject), pageInfo: toPageInfo(projects) },
      },
    };
  });
  return { tokens: { edges: await Promise.all(edges), pageInfo: toPageInfo(page) } };
}

function toProject({ id, name, policy: { version, statement } }) {
  const statements = statement.map(({ effect, action, resource, principal }) => ({
    effect,
    action,
    resource,
    principal,
  }));
  return { cursor: id, node: { id, name, policy: { version, statement: statements } } };
}

async function readAliases(authorization, variables) {
  const tokens = await Promise.all(
    Object.values(variables).map((id) => client.get(tokenPath(id), authorization)),
  );
  return Object.fromEntries([...tokens, ...tokens].map((token, index) => [`a${index}`, toShort(token)]));
}

async function readTokens(authorization) {
  const page = await client.get('/v1/tokens', authorization);
  return { tokens: { edges: page.tokens.map(toListed), pageInfo: toPageInfo(page) } };
}

async function readToken(authorization, variables) {
  const { authenticationMethod, ...token } = await client.get(tokenPath(variables.id), authorization);
  const { type, signingAlgorithm } = authenticationMethod;
  return { token: { ...toListed(token).node, authenticationMethod: { type, signingAlgorithm } } };
}
