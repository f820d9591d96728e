import { beforeAll, describe, expect, it } from '@jest/globals';
import { shareGateway } from '../support/gateway.ts';

const gateway = shareGateway();
let ids: string[];

beforeAll(async () => {
  const { data } = await gateway.query('{ tokens(first: 5) { nodes { id } } }');
  ids = data.tokens.nodes.map(({ id }: { id: string }) => id);
});

describe('Listing tokens', () => {
  it('returns them with their projects and policies in one request', async () => {
    const { data, errors } = await gateway.query(
      `{ tokens(first: 1) { edges { cursor node { id ari ownerAri name scopes
          projects(first: 1) { edges { cursor node { id name } policy { version statements { effect actions principals resources } } } pageInfo { hasNextPage } } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
    );
    expect(errors).toBeUndefined();
    const [edge] = data.tokens.edges;
    expect(edge.node).toMatchObject({
      id: ids[0],
      ari: `ari:iam:::token/${ids[0]}`,
      scopes: ['openid', 'offline_access'],
      projects: {
        edges: [
          {
            node: { name: expect.any(String) },
            policy: { version: '2022-12-15', statements: [{ effect: 'Allow' }] },
          },
        ],
      },
    });
    expect(data.tokens.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edge.cursor,
      endCursor: edge.cursor,
    });
  });

  it('returns nodes without edges', async () => {
    const { data } = await gateway.query('{ tokens(first: 2) { nodes { id } } }');
    expect(data.tokens.nodes).toEqual([{ id: ids[0] }, { id: ids[1] }]);
  });
});

describe('One token', () => {
  it('is found by its id', async () => {
    const { data } = await gateway.query('query ($id: ID!) { token(id: $id) { id } }', { id: ids[1] });
    expect(data.token).toEqual({ id: ids[1] });
  });

  it('that does not exist is null, without an error', async () => {
    const { data, errors } = await gateway.query(
      '{ token(id: "b5df235d-e91a-415e-a946-f7a0a381e785") { id } }',
    );
    expect([data, errors]).toEqual([{ token: null }, undefined]);
  });

  it('of another owner is null and FORBIDDEN', async () => {
    const { data, errors } = await gateway.query(
      'query ($id: ID!) { token(id: $id) { id } }',
      { id: ids[0] },
      { authorization: 'Bearer bob' },
    );
    expect(data).toEqual({ token: null });
    expect(errors?.[0]).toMatchObject({
      path: ['token'],
      extensions: { code: 'FORBIDDEN', upstreamStatus: 403, traceId: expect.any(String) },
    });
  });

  it('has public keys or the URL of a key set', async () => {
    const { data } = await gateway.query(
      `{ tokens(first: 100) { nodes { authenticationMethod { publicKeyInfo { __typename ... on JsonWebKeySet { keys { kid kty } } ... on JsonWebKeySetLocation { jwksUri } } } } } }`,
    );
    const kinds = data.tokens.nodes.map(
      (token: { authenticationMethod: { publicKeyInfo: { __typename: string } } }) =>
        token.authenticationMethod.publicKeyInfo.__typename,
    );
    expect(new Set(kinds)).toEqual(new Set(['JsonWebKeySet', 'JsonWebKeySetLocation']));
  });

  it('that signs by an algorithm which the schema does not know has null for it', async () => {
    const { data, errors } = await gateway.query(
      '{ token(id: "fault-unknown-enum") { authenticationMethod { signingAlgorithm type } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.token.authenticationMethod).toEqual({ signingAlgorithm: null, type: 'PRIVATE_KEY' });
    expect(gateway.log()).toContain('enum value that the schema does not know');
  });
});

describe('Fetching by Node.id', () => {
  it('returns the token', async () => {
    const { data } = await gateway.query(
      'query ($id: ID!) { node(id: $id) { __typename id ... on Token { name } } }',
      { id: ids[0] },
    );
    expect(data.node).toMatchObject({ __typename: 'Token', id: ids[0] });
  });

  it('keeps the length and the order of the ids, with null for unknown ones', async () => {
    const asked = [ids[2], 'missing', ids[0], '..', ids[2]];
    const { data, errors } = await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: asked,
    });
    expect(errors).toBeUndefined();
    expect(data.nodes).toEqual([{ id: ids[2] }, null, { id: ids[0] }, null, { id: ids[2] }]);
  });

  it('takes up to 100 ids', async () => {
    const { errors } = await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: Array(101).fill('x'),
    });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'ids' });
    expect(gateway.calls()).toEqual([]);
  });

  it('fails only for an id that fails', async () => {
    const { data, errors } = await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: [ids[0], 'fault-status-500', ids[1]],
    });
    expect(data.nodes).toEqual([{ id: ids[0] }, null, { id: ids[1] }]);
    expect(errors).toMatchObject([{ path: ['nodes', 1], extensions: { code: 'UPSTREAM_ERROR' } }]);
  });
});

describe('A malformed id', () => {
  it.each([
    '..',
    '.',
    '../tokens',
    'a/b',
    'x?limit=1',
    'x#frag',
    '',
    ' ',
    '%2e%2e%2f',
    'a\r\nx: y',
    'x'.repeat(5000),
  ])('%j: token rejects it, node is null, and IAM is not called', async (id) => {
    const { data, errors } = await gateway.query(
      'query ($id: ID!) { token(id: $id) { id } node(id: $id) { id } }',
      { id },
    );
    expect(data).toEqual({ token: null, node: null });
    expect(errors).toMatchObject([
      { path: ['token'], extensions: { code: 'BAD_USER_INPUT', argument: 'id' } },
    ]);
    expect(gateway.calls()).toEqual([]);
  });
});
