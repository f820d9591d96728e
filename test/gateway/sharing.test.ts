import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { post, shareGateway } from '../support/gateway.ts';
import { queryAtOnce } from '../support/raw.ts';
import { timed } from '../support/stopwatch.ts';
import { coalesced, together } from '../support/together.ts';
import { until } from '../support/until.ts';

const LIST = '{ tokens(first: 1) { nodes { id name } } }';
const RENAME =
  'mutation ($id: ID!, $name: String!) { updateToken(input: { id: $id, name: $name }) { token { name } } }';

// A read that joins one that is held must fail: with a retry it would be right after its timeout.
const gateway = shareGateway({
  env: { APQ: 'true', UPSTREAM_READ_TIMEOUT_MS: '6000', UPSTREAM_RETRIES: '0', ADMIN_PORT: '0' },
});
let id: string;
beforeAll(async () => {
  id = gateway.emulator.tokensOf('demo')[0]?.id ?? '';
});

const as = (name: string) => ({ authorization: `Bearer ${name}` });

describe('The same query of one caller, several times at once', () => {
  it('is sent upstream once, and each response has the id of its own request', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `request-${index}`);
    const answers = await together(
      gateway,
      ids.map((each) => () => gateway.query(LIST, {}, { 'x-request-id': each })),
    );
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=2']);
    for (const { text } of answers) expect(text).toBe(answers[0]?.text);
    expect(answers[0]?.data.tokens.nodes).toEqual([{ id, name: 'billing-worker' }]);
    expect(answers.map(({ headers }) => headers.get('x-request-id'))).toEqual(ids);
    for (const each of ids) expect(gateway.log()).toContain(`"requestId":"${each}"`);
  });

  it('is sent again after the response: none is stored', async () => {
    await gateway.query(LIST);
    await gateway.query(LIST);
    expect(gateway.calls()).toHaveLength(2);
  });

  it('is sent for each caller', async () => {
    await together(gateway, [() => gateway.query(LIST), () => gateway.query(LIST, {}, as('bob'))]);
    expect(gateway.emulator.calls.map(({ principal }) => principal).sort()).toEqual(['bob', 'demo']);
  });

  it('is one read where the operations differ', async () => {
    const [first, second] = await together(gateway, [
      () => gateway.query('query ($id: ID!) { token(id: $id) { name } }', { id }),
      () => gateway.query('query Another($id: ID!) { token(id: $id) { id } }', { id }),
    ]);
    expect([first.data.token.name, second.data.token.id]).toEqual(['billing-worker', id]);
    expect(gateway.calls()).toEqual([`GET /v1/tokens/${id}`]);
  });

  it('is a separate read for each page size', async () => {
    const document =
      'query ($first: Int) { tokens(first: $first) { nodes { id } pageInfo { hasNextPage } } }';
    const answers = await together(
      gateway,
      [1, 5, 60].map((first) => () => gateway.query(document, { first })),
    );
    expect(answers.map(({ data }) => data.tokens.nodes.length)).toEqual([1, 5, 60]);
    expect(gateway.calls().sort()).toEqual([2, 6, 61].map((limit) => `GET /v1/tokens?limit=${limit}`));
  });

  it('is a separate read for each page size of projects', async () => {
    const document =
      'query ($id: ID!, $first: Int) { token(id: $id) { projects(first: $first) { nodes { id } } } }';
    await together(
      gateway,
      [1, 2].map((first) => () => gateway.query(document, { id, first })),
      // The token, and its projects.
      { reads: 4, held: ['listProjectsOfToken'] },
    );
    const lists = gateway.calls().filter((call) => call.includes('/projects'));
    expect(lists.sort()).toEqual([2, 3].map((limit) => `GET /v1/tokens/${id}/projects?limit=${limit}`));
  });

  it('has another response for other variables, and another media type', async () => {
    const document = 'query ($first: Int) { tokens(first: $first) { nodes { id } } }';
    const [one, two, three] = await together(gateway, [
      () => gateway.query(document, { first: 1 }),
      () => gateway.query(document, { first: 2 }),
      () => gateway.query(document, { first: 2 }, { accept: 'application/graphql-response+json' }),
    ]);
    expect([one, two, three].map((answer) => answer?.data.tokens.nodes.length)).toEqual([1, 2, 2]);
    expect(three?.headers.get('content-type')).toContain('graphql-response');
    expect(two?.headers.get('content-type')).not.toContain('graphql-response');
  });

  it('fails for exactly those requests that waited', async () => {
    gateway.emulator.faults.add({ fault: 'status-500', operation: 'listToken', times: 1 });
    const failed = await queryAtOnce(gateway.origin, [LIST, LIST]);
    expect(failed).toHaveLength(2);
    for (const { errors } of failed) expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_ERROR');
    expect((await gateway.query(LIST)).errors).toBeUndefined();
    expect(gateway.calls()).toHaveLength(2);
  });
});

describe('A client that leaves', () => {
  const ask = (signal: AbortSignal) =>
    fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...as('demo') },
      body: JSON.stringify({ query: LIST }),
      signal,
    });

  const aborted = () => gateway.log().split('"code":"ABORTED"').length;

  it('does not cancel the response of others that wait for it', async () => {
    gateway.emulator.faults.add({ fault: 'latency-90000', operation: 'listToken' });
    const [before, abortedBefore] = [await coalesced(gateway), aborted()];
    const leader = new AbortController();
    const left = ask(leader.signal).catch(() => 'left');
    await until(() => gateway.calls().length === 1);
    const stays = ask(new AbortController().signal);
    await until(async () => (await coalesced(gateway)) > before);
    leader.abort();
    expect(await left).toBe('left');
    await until(() => aborted() === abortedBefore + 1);
    gateway.emulator.faults.clear();
    expect(await (await stays).json()).toMatchObject({ data: { tokens: { nodes: [{ id }] } } });
    expect(gateway.calls()).toHaveLength(1);
  });

  it('cancels the upstream calls if it was the last one', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listToken', times: 1 });
    const [before, abortedBefore] = [await coalesced(gateway), aborted()];
    const first = new AbortController();
    const second = new AbortController();
    const both = [first, second].map(({ signal }) => ask(signal).catch(() => 'left'));
    await until(() => gateway.calls().length === 1);
    await until(async () => (await coalesced(gateway)) > before);
    first.abort();
    second.abort();
    expect(await Promise.all(both)).toEqual(['left', 'left']);
    // The gateway hears of it a moment later. Then nothing is in flight that this one could join.
    await until(() => aborted() === abortedBefore + 2);
    const { value, ownMs } = await timed(gateway.query(LIST));
    expect(value.errors).toBeUndefined();
    expect(gateway.calls()).toHaveLength(2);
    expect(ownMs).toBeLessThan(2000);
  });
});

describe('A write', () => {
  it('is seen by later reads: they are not coalesced with earlier ones, however long those take', async () => {
    gateway.emulator.faults.add({ fault: 'latency-90000', operation: 'getToken', times: 1 });
    const document = 'query ($id: ID!) { token(id: $id) { name } }';
    const before = gateway.query(document, { id });
    await until(() => gateway.calls().length === 1);
    await gateway.query(RENAME, { id, name: 'renamed meanwhile' });
    const after = await gateway.query(document, { id });
    expect(after.data.token.name).toBe('renamed meanwhile');
    gateway.emulator.faults.clear();
    await before;
    expect(gateway.calls()).toEqual([
      `GET /v1/tokens/${id}`,
      `PATCH /v1/tokens/${id}`,
      `GET /v1/tokens/${id}`,
    ]);
  });

  it('is not followed by reads that are coalesced with one that ran at the same time', async () => {
    gateway.emulator.faults.add({ fault: 'latency-2000', operation: 'updateToken' });
    gateway.emulator.faults.add({ fault: 'latency-90000', operation: 'getToken', times: 1 });
    const document = 'query ($id: ID!) { token(id: $id) { name } }';
    const write = gateway.query(RENAME, { id, name: 'renamed again' });
    await until(() => gateway.calls().length === 1);
    const during = gateway.query(document, { id });
    await write;
    expect((await gateway.query(document, { id })).data.token.name).toBe('renamed again');
    gateway.emulator.faults.clear();
    await during;
    expect(gateway.calls()).toEqual([
      `PATCH /v1/tokens/${id}`,
      `GET /v1/tokens/${id}`,
      `GET /v1/tokens/${id}`,
    ]);
  });

  /** One that reads before it writes, so that there is time to join it. */
  const change = () =>
    `mutation { updateToken(input: { id: "${id}", authenticationMethod: { type: PRIVATE_KEY } }) { token { id } } }`;
  const writes = () => gateway.calls().filter((call) => call.startsWith('PATCH'));

  it.each([
    ['as it is', (text: string) => text],
    ['with its keyword escaped', (text: string) => text.replace('mutation', '\\u006dutation')],
  ])('(%s) that is sent twice is done twice', async (_title, spell) => {
    const body = spell(JSON.stringify({ query: change() }));
    const answers = await together(gateway, [
      () => post(gateway.url, body, as('demo')),
      () => post(gateway.url, body, as('demo')),
    ]);
    for (const { data } of answers) expect(data).toEqual({ updateToken: { token: { id } } });
    expect(writes()).toEqual([`PATCH /v1/tokens/${id}`, `PATCH /v1/tokens/${id}`]);
  });

  it('that is sent twice by its hash is carried out twice', async () => {
    const query = change();
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    await post(gateway.url, { query, extensions }, as('demo'));
    gateway.forgetCalls();
    await together(
      gateway,
      [1, 2].map(() => () => post(gateway.url, { extensions }, as('demo'))),
    );
    expect(writes()).toEqual([`PATCH /v1/tokens/${id}`, `PATCH /v1/tokens/${id}`]);
  });
});
