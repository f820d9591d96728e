import { describe, expect, it } from '@jest/globals';
import { composeServices } from '@theguild/federation-composition';
import { buildSchema, parse, visit } from 'graphql';
import { shareGateway, startGateway } from '../support/gateway.ts';

const BILLING_WORKER = 'a0c7c431-104c-4fb7-af16-15ad433ccbed';
const SIGNING_SERVICE = '59410781-b989-4021-a354-f871472fef68';
const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { __typename ... on Token { id name } }
}`;

const gateway = shareGateway({ env: { FEDERATION: 'true' } });

const token = (id: unknown) => ({ __typename: 'Token', id });
const readSdl = async (): Promise<string> => (await gateway.query('{ _service { sdl } }')).data._service.sdl;

describe('A router', () => {
  it('reads the schema with its keys, without a credential and without a call to the API', async () => {
    const { data } = await gateway.query('{ _service { sdl } }', {}, { authorization: '' });
    expect(data._service.sdl).toContain('type Token implements Node @key(fields: "id")');
    expect(data._service.sdl).toContain('type Project @key(fields: "id", resolvable: false)');
    expect(data._service.sdl).toContain('input PublicKeyInfoInput @oneOf');
    expect(data._service.sdl).toContain('"""Display name that the owner gave."""');
    expect(gateway.calls()).toEqual([]);
  });

  it('reads the schema also where introspection is off', async () => {
    const locked = await startGateway({
      env: { FEDERATION: 'true', EXPLORER: 'off' },
      emulatorOf: gateway,
    });
    const { data } = await locked.query('{ _service { sdl } }');
    const rejected = await locked.query('{ __schema { description } }');
    await locked.close();
    expect(data._service.sdl).toContain('type Token implements Node @key(fields: "id")');
    expect(rejected.status).toBe(200);
    expect(rejected.data).toBeUndefined();
  });

  it("finds the definition of each directive that is newer than GraphQL of 2021, for Apollo's composition", async () => {
    const known = new Set(['deprecated', 'specifiedBy', 'link', 'key', 'shareable']);
    const used = new Set<string>();
    visit(parse(await readSdl()), {
      DirectiveDefinition: ({ name }) => void known.add(name.value),
      Directive: ({ name }) => void used.add(name.value),
    });
    expect(used).toContain('oneOf');
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
  });

  it('composes it with another subgraph that extends tokens and projects and has its own connections', async () => {
    const other = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
      type Token @key(fields: "id") { id: ID!  lastUsed: String }
      type Project @key(fields: "id") { id: ID!  costCentre: String }
      type PageInfo @shareable { hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String  endCursor: String }
      type Query { node(id: ID!): String }`;
    const composed = composeServices([
      { name: 'tokens', typeDefs: parse(await readSdl()), url: gateway.url },
      { name: 'usage', typeDefs: parse(other), url: 'http://usage.invalid/graphql' },
    ]);
    expect(composed.errors ?? []).toEqual([]);
    const supergraph = composed.supergraphSdl ?? '';
    expect(supergraph).toContain('@join__type(graph: TOKENS, key: "id")');
    expect(supergraph).toContain('@join__type(graph: TOKENS, key: "id", resolvable: false)');
    expect(supergraph).toContain('lastUsed: String @join__field(graph: USAGE)');
    const { publicSdl } = composed as { publicSdl?: string };
    const types = Object.keys(buildSchema(publicSdl ?? '').getTypeMap());
    expect(types).toEqual(expect.arrayContaining(['Token', 'Project', 'CreateTokenInput']));
  });

  it('gets many tokens by one list call, in the requested order, and null where there is none', async () => {
    const ids = [SIGNING_SERVICE, 'no-such-token', BILLING_WORKER, '../..', SIGNING_SERVICE, 'nor-this-one'];
    const { data, errors } = await gateway.query(ENTITIES, { representations: ids.map(token) });
    expect(errors).toBeUndefined();
    expect(data._entities).toEqual([
      { __typename: 'Token', id: SIGNING_SERVICE, name: 'signing-service' },
      null,
      { __typename: 'Token', id: BILLING_WORKER, name: 'billing-worker' },
      null,
      { __typename: 'Token', id: SIGNING_SERVICE, name: 'signing-service' },
      null,
    ]);
    expect(gateway.calls()).toEqual([
      'GET /v1/tokens?limit=100',
      'GET /v1/tokens/no-such-token',
      'GET /v1/tokens/nor-this-one',
    ]);
  });

  it.each([
    ['another type', { __typename: 'Project', id: 'x' }],
    ['no type', { id: 'x' }],
    ['an id that is no text', token(7)],
    ['no object', 'CANARY'],
    ['null as id', token(null)],
  ])('gets an error for %s at its place, and the others', async (_what, wrong) => {
    const { data, errors, text } = await gateway.query(ENTITIES, {
      representations: [wrong, token(BILLING_WORKER)],
    });
    expect(data._entities).toEqual([
      null,
      { __typename: 'Token', id: BILLING_WORKER, name: 'billing-worker' },
    ]);
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.path).toEqual(['_entities', 0]);
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: 'representations',
    });
    expect(text).not.toContain('CANARY');
    expect(gateway.calls()).toEqual([`GET /v1/tokens/${BILLING_WORKER}`]);
  });

  it('needs the credential of the caller for anything but the schema', async () => {
    const { status, errors } = await gateway.query(
      ENTITIES,
      { representations: [token(BILLING_WORKER)] },
      { authorization: '' },
    );
    expect(status).toBe(401);
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(gateway.calls()).toEqual([]);
  });

  it('is rejected with more representations than there may be calls to the API, by variable or written out', async () => {
    const many = Array.from({ length: 151 }, (_, index) => token(`id-${index}`));
    const byVariable = await gateway.query(ENTITIES, { representations: many });
    const written = `{ _entities(representations: [${'{__typename: "Token", id: "a"}'.repeat(151)}]) { __typename } }`;
    const byLiteral = await gateway.query(written);
    for (const { errors } of [byVariable, byLiteral])
      expect(errors?.[0]?.extensions.code).toBe('OPERATION_LIMIT_EXCEEDED');
    expect(gateway.calls()).toEqual([]);
  });

  it('never gets the timings of resolvers', async () => {
    const { text } = await gateway.query(
      ENTITIES,
      { representations: [token(BILLING_WORKER)] },
      { 'apollo-federation-include-trace': 'ftv1' },
    );
    expect(text).not.toContain('ftv1');
  });
});

describe('Without FEDERATION', () => {
  it('the schema has no part of it', async () => {
    const plain = await startGateway({ emulatorOf: gateway });
    const { errors } = await plain.query('{ _service { sdl } }');
    const file = await (await fetch(`${gateway.origin}/schema.graphql`)).text();
    await plain.close();
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(file).not.toContain('_service');
  });
});
