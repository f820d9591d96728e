/** A typical gateway: a schema written by hand, resolvers, and DataLoaders per request. */
import DataLoader from 'dataloader';

export const typeDefs = `
scalar JSON
type Query { token(id: ID!): Token  tokens: TokenConnection! }
type Mutation { createToken(input: CreateTokenInput!): CreateTokenPayload! }
type Token {
  id: ID! ari: String! ownerAri: String! name: String! scopes: [String!]!
  authenticationMethod: AuthenticationMethod!
  projects(first: Int, after: String): ProjectConnection!
}
type AuthenticationMethod { type: String! signingAlgorithm: String publicKeyInfo: JSON }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type TokenEdge { cursor: String node: Token! }
type TokenConnection { edges: [TokenEdge!]! pageInfo: PageInfo! }
type ProjectEdge { cursor: String! node: Project! }
type ProjectConnection { edges: [ProjectEdge!]! pageInfo: PageInfo! }
type Project { id: ID! name: String! policy: Policy! }
type Policy { version: String! statement: [Statement!] }
type Statement { action: [String!]! effect: String! principal: [String!]! resource: [String!]! }
input AuthenticationMethodInput { type: String! signingAlgorithm: String publicKeyInfo: JSON }
input CreateTokenInput { name: String! authenticationMethod: AuthenticationMethodInput! }
type CreateTokenPayload { token: Token! }
`;

export const resolvers = {
  Query: {
    token: (_, { id }, { tokenLoader }) => tokenLoader.load(id),
    tokens: async (_, __, { client, authorization }) => {
      const { tokens, lastEvaluatedKey } = await client.get('/v1/tokens', authorization);
      return toConnection(tokens, lastEvaluatedKey);
    },
  },
  Token: {
    projects: ({ id }, { first, after }, { projectsLoader }) =>
      projectsLoader.load(projectsPath(id, first, after)),
  },
  Mutation: {
    createToken: async (_, { input }, { client, authorization }) => ({
      token: await client.post('/v1/tokens', authorization, input),
    }),
  },
};

/** Apollo Server copies the members of a context and keeps its prototype, so loaders are created in getters. */
class Context {
  constructor(client, authorization) {
    this.client = client;
    this.authorization = authorization;
    this.loaders = {};
  }
  get tokenLoader() {
    this.loaders.token ??= new DataLoader((ids) => Promise.all(ids.map((id) => this.get(tokenPath(id)))));
    return this.loaders.token;
  }
  get projectsLoader() {
    this.loaders.projects ??= new DataLoader((paths) =>
      Promise.all(paths.map((path) => this.getProjects(path))),
    );
    return this.loaders.projects;
  }
  get(path) {
    return this.client.get(path, this.authorization);
  }
  async getProjects(path) {
    return readProjects(await this.get(path));
  }
}

export function createContext(client, authorization) {
  return new Context(client, authorization);
}

export function tokenPath(id) {
  return `/v1/tokens/${encodeURIComponent(id)}`;
}

export function projectsPath(id, first, after) {
  const start = after ? `&exclusiveStartKey=${encodeURIComponent(after)}` : '';
  return `${tokenPath(id)}/projects?limit=${first ?? 100}${start}`;
}

export function readProjects({ projects, lastEvaluatedKey }) {
  return toConnection(projects, lastEvaluatedKey);
}

function toConnection(nodes, lastEvaluatedKey) {
  return {
    edges: nodes.map((node) => ({ cursor: node.id, node })),
    pageInfo: { hasNextPage: lastEvaluatedKey !== undefined, endCursor: lastEvaluatedKey ?? null },
  };
}
