import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Client, type Exchange, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import type { DocumentNode } from 'graphql';
import { shareGateway, startGateway } from '../support/gateway.ts';
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

/** They belong to what they are found at. */
const withoutKey = () => null;
const EMBEDDED = { Policy: withoutKey, PolicyStatement: withoutKey };

const createClient = (headers: Record<string, string>) =>
  new Client({
    url: gateway.url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      cacheExchange({
        keys: EMBEDDED,
        resolvers: { Query: { tokens: relayPagination() }, Token: { projects: relayPagination() } },
        // The list is read again where it is shown; a cursor would have to be made up otherwise.
        updates: {
          Mutation: {
            createToken: (_result, _args, cache) => {
              for (const { fieldName, fieldKey } of cache.inspectFields('Query'))
                if (fieldName === 'tokens') cache.invalidate('Query', fieldKey);
            },
            deleteToken: (result, _args, cache) => {
              const { deletedTokenId } = result.deleteToken as { deletedTokenId?: string };
              if (deletedTokenId) cache.invalidate({ __typename: 'Token', id: deletedTokenId });
            },
          },
        },
      }),
      fetchExchange,
    ],
  });

describe('urql with graphcache', () => {
  it('reads all tokens with relayPagination', async () => {
    const client = createClient(DEMO);
    let { data } = await client.query(TOKENS, { first: 50 });
    while (data?.tokens?.pageInfo.hasNextPage) {
      ({ data } = await client.query(TOKENS, { first: 50, after: data.tokens.pageInfo.endCursor ?? null }));
    }
    const ids = data?.tokens?.edges.map(({ node }) => node?.id);
    expect(ids).toEqual(gateway.emulator.tokensOf('demo').map(({ id }) => id));
    expectWalkOverTokens(gateway);
  });

  it('reads all projects of a token', async () => {
    const client = createClient(DEMO);
    const first = { id: MANY_PROJECTS, first: 100 };
    let { data } = await client.query(PROJECTS, first);
    while (data?.token?.projects?.pageInfo.hasNextPage) {
      const after = data.token.projects.pageInfo.endCursor ?? null;
      ({ data } = await client.query(PROJECTS, { ...first, after }));
    }
    expect(new Set(data?.token?.projects?.edges.map(({ node }) => node?.id)).size).toBe(250);
    expectWalkOverProjects(gateway);
  });

  it('creates, renames and deletes, and its cache is correct', async () => {
    const client = createClient(as('urql'));
    const names = async () =>
      (await client.query(TOKENS, { first: 5 })).data?.tokens?.edges.map(({ node }) => node?.name);
    expect(await names()).toEqual([]);
    const made = await client.mutation(CREATE, { input: { name: 'from urql', ...NEW_TOKEN } });
    const id = made.data?.createToken?.token?.id ?? '';
    expect(await names()).toEqual(['from urql']);
    gateway.forgetCalls();
    await client.mutation(RENAME, { id, name: 'renamed by urql' });
    expect(await names()).toEqual(['renamed by urql']);
    expect(gateway.calls()).toEqual([`PATCH /v1/tokens/${id}`]);
    await client.mutation(DELETE, { id });
    expect(await names()).toEqual([]);
    expect(writesOf(gateway)).toEqual([`PATCH /v1/tokens/${id}`, `DELETE /v1/tokens/${id}`]);
  });
});

describe('urql with persistedExchange', () => {
  it('runs trusted documents by the ids of graphql-codegen, whose manifest has other texts', async () => {
    const strict = await startGateway({
      env: { TRUSTED_DOCUMENTS: 'test/clients/generated/gql/persisted-documents.json' },
      readFile: (path) => readFileSync(path, 'utf8'),
    });
    const persisted = persistedExchange({
      generateHash: async (_text, document: DocumentNode & { __meta__?: { hash?: string } }) =>
        document.__meta__?.hash ?? '',
      enableForMutation: true,
      preferGetForPersistedQueries: false,
    });
    const connect = (...exchanges: Exchange[]) =>
      new Client({
        url: strict.url,
        preferGetMethod: false,
        fetchOptions: { headers: DEMO },
        exchanges: [...exchanges, fetchExchange],
      });
    const byId = await connect(persisted).query(TOKENS, { first: 2 });
    const deleted = await connect(persisted).mutation(DELETE, { id: 'not/an/id' });
    const byText = await connect().query(TOKENS, { first: 2 });
    await strict.close();
    expect(byId.data?.tokens?.edges).toHaveLength(2);
    expect(deleted.data?.deleteToken?.userErrors).toMatchObject([{ code: 'INVALID' }]);
    expect(byText.error?.graphQLErrors[0]?.extensions.code).toBe('OPERATION_NOT_TRUSTED');
  });
});
