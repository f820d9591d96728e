import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, shareGateway, startGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const NAMES = Array.from({ length: 10 }, (_, index) => `t${index}`);
const TEN = `query (${NAMES.map((name) => `$${name}: ID!`).join(', ')}) { ${NAMES.map((name) => `${name}: token(id: $${name}) { id }`).join(' ')} }`;
const variables = (ids: string[]) => Object.fromEntries(NAMES.map((name, index) => [name, ids[index]]));

// Fewer tokens than a page of the API holds, as most callers have.
const gateway = shareGateway({ emulator: { seed: { principals: { demo: { tokens: tokens(60) } } } } });
let ids: string[];

beforeAll(async () => {
  const { data } = await gateway.query('{ tokens(first: 60) { nodes { id } } }');
  ids = data.tokens.nodes.map(({ id }: { id: string }) => id);
});

function tokens(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `service ${index}`,
    projects: [{ name: 'Billing' }],
  }));
}

describe('How few calls a request needs', () => {
  it('the same id twice: one call', async () => {
    await gateway.query('query ($id: ID!) { a: token(id: $id) { id } b: token(id: $id) { name } }', {
      id: ids[0],
    });
    expect(gateway.calls()).toEqual([`GET /v1/tokens/${ids[0]}`]);
  });

  it('ten ids: one list call', async () => {
    const { data } = await gateway.query(TEN, variables(ids.slice(0, 10)));
    expect(Object.values(data)).toEqual(ids.slice(0, 10).map((id) => ({ id })));
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=100']);
  });

  it('fifty tokens with their projects: fifty-one calls', async () => {
    const { data } = await gateway.query(
      '{ tokens(first: 50) { nodes { projects(first: 10) { nodes { name } } } } }',
    );
    expect(data.tokens.nodes).toHaveLength(50);
    expect(gateway.calls()).toHaveLength(51);
  });

  it('three ids: three calls, as a list would have more tokens than requested', async () => {
    await gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ids.slice(0, 3) });
    expect(gateway.calls()).toEqual(ids.slice(0, 3).map((id) => `GET /v1/tokens/${id}`));
  });

  it('tokens of a list are not requested again', async () => {
    const first = await gateway.query(
      'query ($id: ID!) { tokens(first: 5) { nodes { id } } token(id: $id) { id } }',
      { id: ids[0] },
    );
    expect(first.errors).toBeUndefined();
    expect(gateway.calls().length).toBeLessThanOrEqual(2);
  });

  it('three sizes of one page: one call for the largest', async () => {
    await gateway.query(
      '{ a: tokens(first: 2) { nodes { id } } b: tokens(first: 9) { nodes { id } } c: tokens(first: 5) { nodes { id } } }',
    );
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=10']);
  });

  it('projects(first: 0) without `hasNextPage`: no call for it', async () => {
    await gateway.query('{ tokens(first: 5) { nodes { projects(first: 0) { nodes { id } } } } }');
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=6']);
  });
});

describe('When the list lacks the requested tokens', () => {
  let other: Gateway;
  beforeAll(async () => {
    other = await startGateway({ emulator: { seed: { principals: { demo: { tokens: tokens(8) } } } } });
  });
  afterAll(() => other.close());

  it('ten ids of which two are not listed: three calls, and ten the next time', async () => {
    const { data } = await other.query('{ tokens { nodes { id } } }');
    const listed = data.tokens.nodes.map(({ id }: { id: string }) => id);
    other.forgetCalls();
    const asked = variables([...listed, 'missing-1', 'missing-2']);
    const answer = await other.query(TEN, asked);
    expect(answer.data).toMatchObject({ t0: { id: listed[0] }, t8: null, t9: null });
    expect(answer.errors).toBeUndefined();
    expect(other.calls()).toEqual([
      'GET /v1/tokens?limit=100',
      'GET /v1/tokens/missing-1',
      'GET /v1/tokens/missing-2',
    ]);
    other.forgetCalls();
    await other.query(TEN, asked);
    expect(other.calls()).toHaveLength(10);
  });

  it('single calls where the list call fails, and no list call the next time if the list is unreadable', async () => {
    const { data } = await other.query('{ tokens { nodes { id } } }', {}, { authorization: 'Bearer demo' });
    const listed = data.tokens.nodes.map(({ id }: { id: string }) => id);
    const fresh = await startGateway({ emulator: { seed: { principals: { demo: { tokens: tokens(8) } } } } });
    fresh.emulator.faults.add({ fault: 'badjson', operation: 'listToken' });
    const answer = await fresh.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: [...listed],
    });
    expect(answer.data.nodes).toHaveLength(8);
    expect(fresh.calls()[0]).toBe('GET /v1/tokens?limit=100');
    expect(fresh.calls()).toHaveLength(9);
    fresh.forgetCalls();
    await fresh.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: [...listed] });
    expect(fresh.calls()).toHaveLength(8);
    await fresh.close();
  });

  it('a list call the next time if it only waited for other calls of the gateway', async () => {
    const env = { UPSTREAM_CONCURRENCY: '1', REQUEST_DEADLINE_MS: '2000' };
    const busy = await startGateway({
      env,
      emulator: { seed: { principals: { demo: { tokens: tokens(8) } } } },
    });
    const listed = busy.emulator.tokensOf('demo').map(({ id }) => id);
    const ask = () => busy.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: listed });
    busy.emulator.faults.add({ fault: 'latency-1500', operation: 'getToken', times: 1 });
    const slow = busy.query(`{ token(id: "${listed[0]}") { name } }`);
    await until(async () => busy.calls().length > 0);
    await ask();
    await slow;
    expect(busy.calls()).not.toContain('GET /v1/tokens?limit=100');
    busy.forgetCalls();
    expect((await ask()).errors).toBeUndefined();
    expect(busy.calls()).toEqual(['GET /v1/tokens?limit=100']);
    await busy.close();
  });
});

describe('A key that fails', () => {
  it('fails alone: the others are complete', async () => {
    gateway.emulator.faults.add({
      fault: 'status-500',
      operation: 'listProjectsOfToken',
      tokenId: ids[3] as string,
    });
    const { data, errors } = await gateway.query(
      '{ tokens(first: 10) { nodes { id projects { nodes { name } } } } }',
    );
    gateway.emulator.faults.clear();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]).toMatchObject({
      path: ['tokens', 'nodes', 3, 'projects'],
      extensions: { code: 'UPSTREAM_ERROR', upstreamStatus: 500 },
    });
    const complete = data.tokens.nodes.filter(
      ({ projects }: { projects: object | null }) => projects !== null,
    );
    expect(complete).toHaveLength(9);
  });
});

describe('Two callers', () => {
  it('share nothing: each has its own calls and sees its own tokens', async () => {
    const [alice, bob] = await Promise.all([
      gateway.query('{ tokens { nodes { name } } }', {}, { authorization: 'Bearer alice' }),
      gateway.query('{ tokens { nodes { name } } }', {}, { authorization: 'Bearer demo' }),
    ]);
    expect(alice.data.tokens.nodes).toEqual([]);
    expect(bob.data.tokens.nodes).toHaveLength(20);
    expect(gateway.emulator.calls.map(({ headers }) => headers.authorization).sort()).toEqual([
      'Bearer alice',
      'Bearer demo',
    ]);
  });
});
