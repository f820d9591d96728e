import { describe, expect, it } from '@jest/globals';
import { ClientError, GraphQLClient } from 'graphql-request';
import { shareGateway } from '../support/gateway.ts';
import { CREATE, DELETE, PROJECTS, RENAME, TOKENS } from './documents.ts';
import {
  as,
  DEMO,
  expectWalkOverProjects,
  expectWalkOverTokens,
  MANY_PROJECTS,
  NEW_TOKEN,
  writesOf,
} from './everything.ts';

const gateway = shareGateway();

describe('graphql-request', () => {
  it('reads all tokens', async () => {
    const client = new GraphQLClient(gateway.url, { headers: DEMO });
    const ids: unknown[] = [];
    for (let after: string | null = null, isMore = true; isMore; ) {
      const page: Awaited<ReturnType<typeof read>> = await read(client, after);
      ids.push(...(page?.edges.map(({ node }) => node?.id) ?? []));
      isMore = page?.pageInfo.hasNextPage ?? false;
      after = page?.pageInfo.endCursor ?? null;
    }
    expect(ids).toEqual(gateway.emulator.tokensOf('demo').map(({ id }) => id));
    expectWalkOverTokens(gateway);
  });

  it('reads all projects of a token', async () => {
    const client = new GraphQLClient(gateway.url, { headers: DEMO });
    const ids = new Set<unknown>();
    let variables: { id: string; first: number; after?: string | null } = { id: MANY_PROJECTS, first: 100 };
    for (let isMore = true; isMore; ) {
      const { token } = await client.request(PROJECTS, variables);
      for (const { node } of token?.projects?.edges ?? []) ids.add(node?.id);
      isMore = token?.projects?.pageInfo.hasNextPage ?? false;
      variables = { ...variables, after: token?.projects?.pageInfo.endCursor ?? null };
    }
    expect(ids.size).toBe(250);
    expectWalkOverProjects(gateway);
  });

  it('creates, renames and deletes', async () => {
    const client = new GraphQLClient(gateway.url, { headers: as('request') });
    const made = await client.request(CREATE, { input: { name: 'from a script', ...NEW_TOKEN } });
    const id = made.createToken?.token?.id ?? '';
    const renamed = await client.request(RENAME, { id, name: 'renamed by a script' });
    expect(renamed.updateToken).toEqual({ token: { id, name: 'renamed by a script' }, userErrors: [] });
    expect((await client.request(DELETE, { id })).deleteToken?.deletedTokenId).toBe(id);
    expect(writesOf(gateway)).toEqual([
      'POST /v1/tokens',
      `PATCH /v1/tokens/${id}`,
      `DELETE /v1/tokens/${id}`,
    ]);
  });

  it('gets error codes', async () => {
    const rejected = new GraphQLClient(gateway.url).request(TOKENS, {}).catch((error: unknown) => error);
    const error = await rejected;
    expect(error).toBeInstanceOf(ClientError);
    expect((error as ClientError).response.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });
});

async function read(client: GraphQLClient, after: string | null) {
  return (await client.request(TOKENS, { first: 50, after })).tokens;
}
