import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Window } from 'happy-dom';
import { act, type ComponentType, createElement, Suspense } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import relay from 'react-relay';
import runtime, { type GraphQLTaggedNode, type Environment as RelayEnvironment } from 'relay-runtime';
import { shareGateway } from '../support/gateway.ts';
import {
  as,
  DEMO,
  expectWalkOverProjects,
  expectWalkOverTokens,
  MANY_PROJECTS,
  NEW_TOKEN,
  writesOf,
} from './everything.ts';
import create from './generated/relay/CreateTokenMutation.graphql.ts';
import remove from './generated/relay/DeleteTokenMutation.graphql.ts';
import projectFragment from './generated/relay/ProjectList_token.graphql.ts';
import projectQuery from './generated/relay/ProjectListQuery.graphql.ts';
import rename from './generated/relay/RenameTokenMutation.graphql.ts';
import tokenFragment from './generated/relay/TokenList_query.graphql.ts';
import tokenQuery from './generated/relay/TokenListQuery.graphql.ts';

const { RelayEnvironmentProvider, useLazyLoadQuery, usePaginationFragment } = relay;
const { commitMutation, Environment, Network, RecordSource, Store } = runtime;

const gateway = shareGateway();
let root: Root;
// After a component is unmounted, Relay waits five minutes for it to come back. Jest would wait too.
const { setTimeout } = globalThis;
globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) =>
  setTimeout(...args).unref()) as typeof setTimeout;
beforeAll(async () => {
  const window = new Window();
  Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
});

/** Its types want the children among the properties. */
const Provider = RelayEnvironmentProvider as unknown as ComponentType<{ environment: RelayEnvironment }>;

const createEnvironment = (headers: Record<string, string>) =>
  new Environment({
    network: Network.create(async ({ text }, variables) => {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: text, variables }),
      });
      return response.json();
    }),
    store: new Store(new RecordSource()),
  });

/** What a component has in its hands: the nodes so far, and the way to more. */
interface Shown {
  names: string[];
  ids: string[];
  hasNext: boolean;
  connection: string;
  loadNext: (count: number) => Promise<void>;
}
let shown: Shown;

// biome-ignore lint/suspicious/noExplicitAny: Relay's generated keys are opaque, and this is one component for two lists
type Opaque = any;

interface ListProps {
  query: GraphQLTaggedNode;
  fragment: GraphQLTaggedNode;
  variables: Record<string, unknown>;
  keyOf: (data: Opaque) => Opaque;
  connectionOf: (data: Opaque) => Opaque;
}

function List({ query, fragment, variables, keyOf, connectionOf }: ListProps) {
  const top: Opaque = useLazyLoadQuery(query, variables);
  const { data, hasNext, loadNext }: Opaque = usePaginationFragment(fragment, keyOf(top));
  const connection = connectionOf(data);
  const nodes: { id: string; name: string }[] = connection.edges.map(({ node }: Opaque) => node);
  shown = {
    names: nodes.map(({ name }) => name),
    ids: nodes.map(({ id }) => id),
    hasNext,
    connection: connection.__id,
    loadNext: (count) =>
      act(() => new Promise<void>((resolve) => void loadNext(count, { onComplete: () => resolve() }))),
  };
  return null;
}

async function show(environment: RelayEnvironment, props: ListProps): Promise<void> {
  root = createRoot(document.createElement('div'));
  const list = createElement(Suspense, { fallback: null }, createElement(List, props));
  await act(async () => {
    root.render(createElement(Provider, { environment }, list));
  });
  // React goes on between one act and the next.
  while (shown === undefined) await act(() => new Promise<void>((resolve) => setTimeout(resolve, 10)));
}

const TOKENS: Omit<ListProps, 'variables'> = {
  query: tokenQuery,
  fragment: tokenFragment,
  keyOf: (data) => data,
  connectionOf: ({ tokens }) => tokens,
};
const PROJECTS: Omit<ListProps, 'variables'> = {
  query: projectQuery,
  fragment: projectFragment,
  keyOf: ({ node }) => node.token,
  connectionOf: ({ projects }) => projects,
};

describe('Relay 21', () => {
  beforeEach(() => {
    shown = undefined as unknown as Shown;
  });
  const end = () => act(async () => root.unmount());

  it('reads all tokens with usePaginationFragment', async () => {
    await show(createEnvironment(DEMO), { ...TOKENS, variables: { first: 50 } });
    while (shown.hasNext) await shown.loadNext(50);
    expect(shown.ids).toEqual(gateway.emulator.tokensOf('demo').map(({ id }) => id));
    expectWalkOverTokens(gateway);
    await end();
  });

  it('reads all projects of a token through node', async () => {
    await show(createEnvironment(DEMO), { ...PROJECTS, variables: { id: MANY_PROJECTS, first: 100 } });
    while (shown.hasNext) await shown.loadNext(100);
    expect(new Set(shown.ids).size).toBe(250);
    expectWalkOverProjects(gateway);
    await end();
  });

  it('creates, renames and deletes, and its store is correct without a refetch', async () => {
    const environment = createEnvironment(as('relay'));
    await show(environment, { ...TOKENS, variables: { first: 5 } });
    const commit = (mutation: GraphQLTaggedNode, variables: Record<string, unknown>): Promise<Opaque> =>
      act(
        () =>
          new Promise((resolve, reject) => {
            commitMutation(environment, { mutation, variables, onCompleted: resolve, onError: reject });
          }),
      );
    const connections = [shown.connection];
    const made = await commit(create, { input: { name: 'from relay', ...NEW_TOKEN }, connections });
    const { id } = made.createToken.token;
    expect(shown.names).toEqual(['from relay']);
    await commit(rename, { input: { id, name: 'renamed by relay' } });
    expect(shown.names).toEqual(['renamed by relay']);
    await commit(remove, { input: { id }, connections });
    expect(shown.names).toEqual([]);
    expect(writesOf(gateway)).toEqual([
      'POST /v1/tokens',
      `PATCH /v1/tokens/${id}`,
      `DELETE /v1/tokens/${id}`,
    ]);
    expect(gateway.calls().filter((call) => call.startsWith('GET'))).toHaveLength(1);
    await end();
  });
});
