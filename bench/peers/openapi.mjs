/**
 * The OpenAPI document from which peers generate their schemas: the part of the API that the workloads use, without unions,
 * which generators turn into different types. openapi-to-graphql finds the projects of a token by `links`.
 */
const text = { type: 'string' };
const texts = { type: 'array', items: text };

export function createOpenApi(url, { links }) {
  const token = { ...answer('TokenDto'), ...(links && { links: { projects: PROJECTS_LINK } }) };
  const create = { required: true, content: json('CreateTokenInput') };
  return {
    openapi: '3.0.0',
    info: { title: 'IAM', version: '1' },
    servers: [{ url }],
    paths: {
      '/v1/tokens': {
        get: { operationId: 'listToken', responses: { 200: answer('TokenList') } },
        post: { operationId: 'createToken', requestBody: create, responses: { 200: token } },
      },
      '/v1/tokens/{tokenId}': {
        get: { operationId: 'getToken', parameters: [TOKEN_ID], responses: { 200: token } },
      },
      '/v1/tokens/{tokenId}/projects': {
        get: {
          operationId: 'listProjectsOfToken',
          parameters: [TOKEN_ID, { name: 'limit', in: 'query', schema: { type: 'integer' } }],
          responses: { 200: answer('ProjectWithPolicyList') },
        },
      },
    },
    components: { schemas },
  };
}

const TOKEN_ID = { name: 'tokenId', in: 'path', required: true, schema: text };
const PROJECTS_LINK = {
  operationId: 'listProjectsOfToken',
  parameters: { tokenId: '$response.body#/id' },
};

const schemas = {
  Jwk: object({ kty: text, use: text, alg: text, kid: text, n: text, e: text }),
  Jwks: object({ keys: list('Jwk') }),
  PublicKeyInfo: object({ jwks: ref('Jwks') }),
  AuthenticationMethod: object({ type: text, signingAlgorithm: text, publicKeyInfo: ref('PublicKeyInfo') }),
  TokenDto: object({
    id: text,
    ari: text,
    ownerAri: text,
    name: text,
    authenticationMethod: ref('AuthenticationMethod'),
    scopes: texts,
  }),
  TokenList: object({ tokens: list('TokenDto'), lastEvaluatedKey: text }, ['tokens']),
  Statement: object({ action: texts, effect: text, principal: texts, resource: texts }),
  Policy: object({ version: text, statement: list('Statement') }),
  Project: object({ id: text, name: text, policy: ref('Policy') }),
  ProjectWithPolicyList: object({ projects: list('Project'), lastEvaluatedKey: text }, ['projects']),
  CreateTokenInput: object({ name: text, authenticationMethod: ref('AuthenticationMethod') }),
};

function object(properties, required = Object.keys(properties)) {
  return { type: 'object', properties, required };
}

function list(name) {
  return { type: 'array', items: ref(name) };
}

function ref(name) {
  return { $ref: `#/components/schemas/${name}` };
}

function json(name) {
  return { 'application/json': { schema: ref(name) } };
}

function answer(name) {
  return { description: 'ok', content: json(name) };
}
