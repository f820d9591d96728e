import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Gateway, post, startGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const FIRST = 'query First($first: Int) {\n  tokens(first: $first) {\n    nodes {\n      name\n    }\n  }\n}';
/** It reads before it writes, so that there is time to join it. */
const CHANGE =
  'mutation Change($id: ID!) { updateToken(input: { id: $id, authenticationMethod: { type: PRIVATE_KEY } }) { token { id } } }';
const OTHER = 'query Other { tokens(first: 1) { nodes { id } } }';
const LATER = 'query Later { tokens(first: 2) { nodes { name } } }';
const HASH = createHash('sha256').update(FIRST).digest('hex');

const folder = mkdtempSync(join(tmpdir(), 'trusted-'));
const file = join(folder, 'manifest.json');
const manifest = (documents: object) => writeFileSync(file, JSON.stringify(documents));
const start = (env: Record<string, string>) =>
  startGateway({ env: { TRUSTED_DOCUMENTS: file, ...env }, readFile: (path) => readFileSync(path, 'utf8') });
const send = (body: object): Promise<Answer> => post(gateway.url, body, { authorization: 'Bearer demo' });
const codes = ({ errors }: Answer) => errors?.map(({ extensions }) => extensions.code);
const FIRST_NAME = { tokens: { nodes: [{ name: 'billing-worker' }] } };

let gateway: Gateway;
afterAll(() => rmSync(folder, { recursive: true }));

describe('With trusted documents enforced', () => {
  beforeAll(async () => {
    manifest({ [HASH]: FIRST, change: CHANGE });
    gateway = await start({});
  });
  afterAll(() => gateway.close());
  beforeEach(() => gateway.forgetCalls());

  it.each([
    ['the id that GraphQL over HTTP names', { documentId: HASH }],
    ['the same with the name of the hash', { documentId: `sha256:${HASH}` }],
    ["Relay's name of it", { doc_id: HASH }],
    ['an id beside an empty document', { query: '', documentId: HASH }],
    ["Apollo's persisted query", { extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } }],
    ['the document itself', { query: FIRST }],
    ['the document, laid out in another way', { query: FIRST.replaceAll(/\s+/g, ' ') }],
    [
      "the document with Apollo's hash",
      { query: FIRST, extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } },
    ],
  ])('a client may send %s', async (_name, body) => {
    const { status, data, errors } = await send({ ...body, variables: { first: 1 } });
    expect({ status, data, errors }).toEqual({ status: 200, data: FIRST_NAME, errors: undefined });
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=2']);
  });

  it.each(['documentId', 'doc_id'])('a query may be sent by %s again and again', async (name) => {
    const variables = { first: 1 };
    const texts = [];
    for (const _time of [1, 2, 3]) texts.push((await send({ [name]: HASH, variables })).text);
    expect(texts).toEqual(Array(3).fill(`${JSON.stringify({ data: FIRST_NAME })}\n`));
    expect(gateway.calls()).toEqual(Array(3).fill('GET /v1/tokens?limit=2'));
  });

  it.each(['documentId', 'doc_id'])('a query may be sent by GET, with %s', async (name) => {
    const search = new URLSearchParams({ [name]: HASH, variables: '{"first":1}' });
    const response = await fetch(`${gateway.url}?${search}`, {
      headers: { authorization: 'Bearer demo', 'apollo-require-preflight': '1' },
    });
    expect(await response.json()).toEqual({ data: FIRST_NAME });
  });

  it.each(['query=&documentId=', 'query=&documentId=&doc_id='])(
    'a query may be sent by GET with empty parameters (%s)',
    async (parameters) => {
      const response = await fetch(`${gateway.url}?variables={"first":1}&${parameters}${HASH}`, {
        headers: { authorization: 'Bearer demo', 'apollo-require-preflight': '1' },
      });
      expect(await response.json()).toEqual({ data: FIRST_NAME });
    },
  );

  it('a mutation by its id that is sent twice at once is carried out twice', async () => {
    const id = gateway.emulator.tokensOf('demo')[0]?.id;
    gateway.emulator.faults.add({ fault: 'latency-200', operation: 'getToken' });
    await Promise.all([1, 2].map(() => send({ documentId: 'change', variables: { id } })));
    gateway.emulator.faults.clear();
    const writes = gateway.calls().filter((call) => call.startsWith('PATCH'));
    expect(writes).toEqual([`PATCH /v1/tokens/${id}`, `PATCH /v1/tokens/${id}`]);
  });

  it('a mutation by its id over GET is rejected', async () => {
    const search = new URLSearchParams({ documentId: 'change', variables: '{"id":"x"}' });
    const response = await fetch(`${gateway.url}?${search}`, {
      headers: { authorization: 'Bearer demo', 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
    expect(gateway.calls()).toEqual([]);
  });

  it('no other document runs, and the error says what to do', async () => {
    const answer = await send({ query: OTHER });
    expect(answer.status).toBe(400);
    expect(codes(answer)).toEqual(['OPERATION_NOT_TRUSTED']);
    expect(answer.errors?.[0]?.message).toContain('Add this document to the manifest');
    expect(answer.data).toBeUndefined();
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['what is no GraphQL', { query: '{ nope' }],
    ['a document with the id of another', { query: OTHER, documentId: HASH }],
  ])('%s does not run either', async (_name, body) => {
    expect(codes(await send(body))).toEqual(['OPERATION_NOT_TRUSTED']);
    expect(gateway.calls()).toEqual([]);
  });

  it.each([
    ['an id', { documentId: 'unknown' }],
    ['a hash', { extensions: { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } } }],
  ])('%s that is not in the manifest is not found', async (_name, body) => {
    const answer = await send(body);
    expect(codes(answer)).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect(answer.status).toBe(200);
  });

  it.each([
    ['no document', { variables: {} }],
    ['a null document', { query: null }],
    ['an empty document', { query: '' }],
    ['an empty id', { documentId: '' }],
    ['a null persisted query', { extensions: { persistedQuery: null } }],
  ])('a request that names no document is malformed (%s)', async (_name, body) => {
    const answer = await send(body);
    expect([answer.status, codes(answer)]).toEqual([400, ['BAD_REQUEST']]);
  });

  it('a trusted document still needs a caller, and variables that fit', async () => {
    const anonymous = await post(gateway.url, { documentId: HASH }, {});
    expect(codes(anonymous)).toEqual(['UNAUTHENTICATED']);
    expect(codes(await send({ documentId: HASH, variables: { first: 'many' } }))).toEqual(['BAD_USER_INPUT']);
    expect(gateway.calls()).toEqual([]);
  });
});

describe('A manifest that is changed', () => {
  beforeEach(async () => {
    manifest({ [HASH]: FIRST });
    gateway = await start({});
  });
  afterEach(() => gateway.close());

  it('is used by the running gateway', async () => {
    expect(codes(await send({ query: LATER }))).toEqual(['OPERATION_NOT_TRUSTED']);
    manifest({ later: LATER });
    await until(async () => (await send({ documentId: 'later' })).errors === undefined);
    expect(codes(await send({ query: FIRST }))).toEqual(['OPERATION_NOT_TRUSTED']);
    expect(gateway.log()).toContain('"documents":1,"msg":"trusted documents were read again"');
  });

  it('also applies to documents that ran before by their text', async () => {
    expect((await send({ query: FIRST, variables: { first: 1 } })).data).toEqual(FIRST_NAME);
    manifest({ later: LATER });
    await until(async () => (await send({ documentId: 'later' })).errors === undefined);
    gateway.forgetCalls();
    expect(codes(await send({ query: FIRST, variables: { first: 1 } }))).toEqual(['OPERATION_NOT_TRUSTED']);
    expect(gateway.calls()).toEqual([]);
  });

  it('may begin with a byte order mark', async () => {
    writeFileSync(file, `\uFEFF${JSON.stringify({ later: LATER })}`);
    await until(async () => (await send({ documentId: 'later' })).errors === undefined);
  });

  it.each([
    ['is no JSON', '{', 'Expected a manifest to be JSON'],
    ['is empty', '{}', 'Expected a manifest to have at least one document'],
  ])('stays as it was when it %s, and the log says why', async (_name, text, reason) => {
    writeFileSync(file, text);
    await until(() =>
      gateway.log().includes('the previous trusted documents stay in use: correct TRUSTED_DOCUMENTS'),
    );
    expect(gateway.log()).toContain(reason);
    expect((await send({ query: FIRST, variables: { first: 1 } })).data).toEqual(FIRST_NAME);
  });
});

describe('With trusted documents logged', () => {
  beforeAll(async () => {
    manifest({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: 'first', name: 'First', type: 'query', body: FIRST }],
    });
    gateway = await start({ TRUSTED_DOCUMENTS_MODE: 'log', ADMIN_PORT: '0' });
  });
  afterAll(() => gateway.close());

  it("everything runs, ids of Apollo's manifest too", async () => {
    expect((await send({ documentId: 'first', variables: { first: 1 } })).data).toEqual(FIRST_NAME);
    expect((await send({ query: OTHER })).errors).toBeUndefined();
  });

  it('an id that is not in the manifest is not found', async () => {
    const answer = await send({ documentId: 'unknown' });
    expect([answer.status, codes(answer)]).toEqual([200, ['PERSISTED_QUERY_NOT_FOUND']]);
  });

  it("a document outside the manifest runs with Apollo's hash, after the hash alone was not found", async () => {
    const query = 'query Missing { tokens(first: 1) { nodes { name } } }';
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } };
    // Apollo Client would send no more ids in its session after `PERSISTED_QUERY_NOT_SUPPORTED`.
    expect(codes(await send({ extensions }))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect((await send({ query, extensions })).data).toEqual(FIRST_NAME);
    expect(gateway.linesWith('"operation":"Missing"')).toMatchObject([{ untrusted: true, code: 'OK' }]);
  });

  it('operations outside the manifest are logged and counted', async () => {
    expect((await gateway.query('query Unknown { tokens(first: 1) { nodes { name } } }')).status).toBe(200);
    const lines = gateway.log().split('\n');
    expect(lines.find((line) => line.includes('"operation":"Unknown"'))).toContain('"untrusted":true');
    expect(lines.find((line) => line.includes('"operation":"First"'))).not.toContain('untrusted');
    const metrics = await gateway.metrics();
    expect(metrics).toMatch(/^tokens_gateway_untrusted_operations_total [1-9]/m);
  });
});
