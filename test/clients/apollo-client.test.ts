import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { describe, expect, it } from '@jest/globals';
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

const createClient = (headers: Record<string, string>) =>
  new ApolloClient({
    link: new HttpLink({ uri: gateway.url, headers }),
    cache: new InMemoryCache({
      typePolicies: {
        Query: { fields: { tokens: relayStylePagination() } },
        Token: { fields: { projects: relayStylePagination() } },
      },
    }),
  });

describe('Apollo Client 4', () => {
  it('reads all tokens with relayStylePagination', async () => {
    const client = createClient(DEMO);
    const { data } = await client.query({ query: TOKENS, variables: { first: 50 } });
    let pageInfo = data?.tokens?.pageInfo;
    while (pageInfo?.hasNextPage) {
      const next = client.watchQuery({ query: TOKENS, variables: { first: 50 } });
      const more = await next.fetchMore({ variables: { first: 50, after: pageInfo.endCursor ?? null } });
      pageInfo = more.data?.tokens?.pageInfo;
    }
    const all = client.readQuery({ query: TOKENS, variables: { first: 50 } })?.tokens?.edges ?? [];
    expect(all.map(({ node }) => node?.id)).toEqual(gateway.emulator.tokensOf('demo').map(({ id }) => id));
    expectWalkOverTokens(gateway);
  });

  it('reads all projects of a token', async () => {
    const client = createClient(DEMO);
    const variables = { id: MANY_PROJECTS, first: 100 };
    let { data } = await client.query({ query: PROJECTS, variables });
    const watched = client.watchQuery({ query: PROJECTS, variables });
    while (data?.token?.projects?.pageInfo.hasNextPage) {
      const after = data.token.projects.pageInfo.endCursor ?? null;
      ({ data } = await watched.fetchMore({ variables: { ...variables, after } }));
    }
    const all = client.readQuery({ query: PROJECTS, variables })?.token?.projects?.edges ?? [];
    expect(new Set(all.map(({ node }) => node?.id)).size).toBe(250);
    expectWalkOverProjects(gateway);
  });

  it('creates, renames and deletes, and its cache is correct without a refetch', async () => {
    const client = createClient(as('apollo'));
    const read = () => client.readQuery({ query: TOKENS, variables: { first: 5 } })?.tokens?.edges ?? [];
    await client.query({ query: TOKENS, variables: { first: 5 } });
    const made = await client.mutate({
      mutation: CREATE,
      variables: { input: { name: 'from apollo', ...NEW_TOKEN } },
      update(cache, { data }) {
        const node = data?.createToken?.token;
        if (!node) return;
        cache.updateQuery({ query: TOKENS, variables: { first: 5 } }, (before) =>
          before?.tokens
            ? {
                ...before,
                tokens: {
                  ...before.tokens,
                  edges: [...before.tokens.edges, { __typename: 'TokenEdge', cursor: '', node }],
                },
              }
            : before,
        );
      },
    });
    const id = made.data?.createToken?.token?.id ?? '';
    expect(read().map(({ node }) => node?.name)).toEqual(['from apollo']);
    await client.mutate({ mutation: RENAME, variables: { id, name: 'renamed by apollo' } });
    expect(read().map(({ node }) => node?.name)).toEqual(['renamed by apollo']);
    await client.mutate({
      mutation: DELETE,
      variables: { id },
      update: (cache) => void cache.evict({ id: `Token:${id}` }),
    });
    expect(read().filter(({ node }) => node !== null)).toEqual([]);
    expect(writesOf(gateway)).toEqual([
      'POST /v1/tokens',
      `PATCH /v1/tokens/${id}`,
      `DELETE /v1/tokens/${id}`,
    ]);
    expect(gateway.calls().filter((call) => call.startsWith('GET'))).toHaveLength(1);
  });
});
