import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { freePort } from '../support/free-port.ts';
import { post, shareGateway } from '../support/gateway.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';
import { DEMO } from './everything.ts';

/** A subgraph of somebody else's: which tokens were used, and how often. */
const USAGE = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Token @key(fields: "id", resolvable: false) { id: ID! }
  type Usage { token: Token!  count: Int! }
  type Query { usages: [Usage!]! }`;

const folder = mkdtempSync(join(tmpdir(), 'hive-'));
const gateway = shareGateway({ env: { FEDERATION: 'true' } });
let usage: Server;
let hive: ChildProcess | undefined;
let hiveEnded: Promise<unknown> | undefined;
let url: string;
beforeAll(async () => {
  usage = createServer(async (request, response) => {
    await text(request);
    const usages = gateway.emulator
      .tokensOf('demo')
      .slice(0, 10)
      .map(({ id }, index) => ({ __typename: 'Usage', count: index, token: { __typename: 'Token', id } }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: { usages } }));
  });
  const { data } = await gateway.query('{ _service { sdl } }');
  const { supergraphSdl = '' } = composeServices([
    { name: 'tokens', typeDefs: parse(data._service.sdl), url: gateway.url },
    {
      name: 'usage',
      typeDefs: parse(USAGE),
      url: `http://127.0.0.1:${await listen(usage)}/graphql`,
    },
  ]);
  writeFileSync(join(folder, 'supergraph.graphql'), supergraphSdl);
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['test/clients/hive-gateway.mjs', join(folder, 'supergraph.graphql'), String(port)],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  hive = child;
  hiveEnded = once(child, 'exit');
  url = `http://127.0.0.1:${port}/graphql`;
  await until(() => {
    if (child.exitCode !== null) throw new Error('Hive Gateway did not start');
    return fetch(`http://127.0.0.1:${port}/healthcheck`).catch(() => undefined);
  }, 100);
});
afterAll(async () => {
  hive?.kill('SIGTERM');
  await hiveEnded;
  usage?.close();
  rmSync(folder, { recursive: true });
});

describe('Hive Gateway', () => {
  it("reads tokens that another subgraph refers to, by one list call and with the caller's credential", async () => {
    const { data, errors } = await post(url, { query: '{ usages { count token { name } } }' }, DEMO);
    expect(errors).toBeUndefined();
    expect(data.usages).toHaveLength(10);
    expect(data.usages[0]).toEqual({ count: 0, token: { name: 'billing-worker' } });
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=100']);
    expect(gateway.emulator.calls.map(({ principal }) => principal)).toEqual(['demo']);
  });

  it('forwards queries and mutations', async () => {
    const { data } = await post(
      url,
      { query: '{ tokens(first: 1) { nodes { name projects(first: 1) { nodes { name } } } } }' },
      DEMO,
    );
    expect(data.tokens.nodes).toEqual([
      { name: 'billing-worker', projects: { nodes: [{ name: 'Billing' }] } },
    ]);
    const rejected = await post(
      url,
      {
        query: 'mutation { deleteToken(input: { id: "not/an/id" }) { deletedTokenId userErrors { code } } }',
      },
      DEMO,
    );
    expect(rejected.data.deleteToken.userErrors).toEqual([{ code: 'INVALID' }]);
  });
});
