import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import DataLoader from 'dataloader';
import { rejection } from '../../src/errors.ts';
import type { Check } from '../../src/graphql/pipeline/checks.ts';
import { operationChecks } from '../../src/graphql/pipeline/pipeline.ts';
import { stopClock } from '../support/clock.ts';
import { type Gateway, post, shareGateway, startGateway } from '../support/gateway.ts';
import { createKeyPair } from '../support/keys.ts';
import { startPatGateway } from '../support/pat-gateway.ts';
import { together } from '../support/together.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const DEMO = { authorization: 'Bearer demo' };
const GET = { ...DEMO, 'apollo-require-preflight': '1' };
const LIST = 'query List($first: Int) { tokens(first: $first) { nodes { id } } }';
const BY_HASH = { persistedQuery: { version: 1, sha256Hash: sha256(LIST) } };
const TRUSTED = 'query Trusted { tokens(first: 1) { nodes { name } } }';
const TOO_LARGE = `query TooLarge { ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`;

const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
const manifest = join(folder, 'manifest.json');
writeFileSync(manifest, JSON.stringify({ trusted: TRUSTED, [sha256(TOO_LARGE)]: TOO_LARGE }));
afterAll(() => rmSync(folder, { recursive: true }));

const plain = shareGateway({ env: { ADMIN_PORT: '0' } });
const apq = shareGateway({ env: { APQ: 'true' }, emulatorOf: plain });
const trusting = shareGateway({
  env: { TRUSTED_DOCUMENTS: manifest, ADMIN_PORT: '0' },
  readFile: (path) => readFileSync(path, 'utf8'),
  emulatorOf: plain,
});

const get = (gateway: Gateway, search: Record<string, string>) =>
  fetch(`${gateway.url}?${new URLSearchParams(search)}`, { headers: GET });
const codesOf = ({ errors }: { errors: { extensions: Record<string, unknown> }[] | undefined }) =>
  errors?.map(({ extensions }) => extensions.code);
const lineOf = (gateway: Gateway, id: string) =>
  gateway.linesWith(`"requestId":"${id}"`, '"msg":"operation"')[0];

describe('A check that is added to the pipeline', () => {
  const names: string[] = [];
  const addedCheck: Check = ({ prepared }) => {
    names.push(prepared.operation.name?.value ?? prepared.operation.operation);
    if (prepared.text.includes('forbidden'))
      throw rejection('FORBIDDEN', 'The added check does not like this.');
  };
  beforeAll(() => {
    (operationChecks as Check[]).push(addedCheck);
  });
  afterAll(() => {
    (operationChecks as Check[]).pop();
  });
  beforeEach(() => {
    names.length = 0;
  });

  it.each<[string, number, () => Promise<unknown>]>([
    ['a document that is new', 1, () => plain.query('query List { tokens { nodes { id } } } # new')],
    ['one that ran before', 2, () => plain.query(LIST).then(() => plain.query(LIST))],
    ['a GET', 1, () => get(plain, { query: LIST })],
    [
      'a GET of a document that ran before',
      2,
      () => plain.query(LIST).then(() => get(plain, { query: LIST })),
    ],
    [
      'a persisted query that is registered',
      1,
      () => post(apq.url, { query: LIST, extensions: BY_HASH }, DEMO),
    ],
    ['a persisted query by its hash', 1, () => post(apq.url, { extensions: BY_HASH }, DEMO)],
    ['a persisted query by GET', 1, () => get(apq, { extensions: JSON.stringify(BY_HASH) })],
    [
      'equal requests that are coalesced',
      3,
      () =>
        together(
          plain,
          [1, 2, 3].map(() => () => plain.query(LIST)),
        ),
    ],
    ['a request that explains itself', 1, () => plain.query(LIST, {}, { 'x-explain': '1' })],
  ])('is made for %s', async (_title, count, send) => {
    await send();
    expect(names).toEqual(Array(count).fill('List'));
  });

  it.each<[string, object]>([
    ['by its id', { documentId: 'trusted' }],
    ['by its id, when it ran before', { documentId: 'trusted' }],
    ['by its text', { query: TRUSTED }],
    ['by the hash of its text', { extensions: { persistedQuery: { version: 1, sha256Hash: 'trusted' } } }],
  ])('is made for a trusted document %s', async (_title, body) => {
    expect((await post(trusting.url, body, DEMO)).errors).toBeUndefined();
    expect(names).toEqual(['Trusted']);
  });

  it('is made for introspection without a caller, and for a mutation', async () => {
    await plain.query('{ __typename }', {}, { authorization: '' });
    await plain.query('mutation { deleteToken(input: { id: "missing" }) { deletedTokenId } }');
    expect(names).toEqual(['query', 'mutation']);
  });

  it('keeps an operation that it rejects from running, new or not', async () => {
    const document = 'query List { forbidden: tokens { nodes { id } } }';
    const answers = [await plain.query(document), await plain.query(document)];
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect((await get(plain, { query: document })).status).toBe(403);
    expect(plain.calls()).toEqual([]);
  });
});

describe('A request that is rejected', () => {
  /** Counts as six requests. */
  const FIFTY = 'query ($first: Int) { tokens(first: $first) { nodes { projects { nodes { id } } } } }';
  const twenty = Array.from(
    { length: 20 },
    (_, i) => `a${i}: deleteToken(input: { id: "x${i}" }) { deletedTokenId }`,
  );
  const DELETES = `mutation { ${twenty.join(' ')} }`;
  const limits = { RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '60', MAX_UPSTREAM_CALLS: '60' };
  const leftOf = ({ headers }: { headers: Headers }) =>
    Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
  let startClock: () => void;
  beforeEach(() => {
    startClock = stopClock();
  });
  afterEach(() => startClock());

  it.each<[string, Record<string, unknown>, string]>([
    ['its variables do not fit', { first: 'fifty' }, 'BAD_USER_INPUT'],
    ['it costs too much', { first: 100 }, 'OPERATION_LIMIT_EXCEEDED'],
  ])('counts as one request when %s, whether it is new or not', async (_title, variables, code) => {
    const limited = await startGateway({ env: limits, emulatorOf: plain });
    const rejected = [await limited.query(FIFTY, variables), await limited.query(FIFTY, variables)];
    expect(rejected.flatMap(codesOf)).toEqual([code, code]);
    expect(rejected.map(leftOf)).toEqual([59, 58]);
    const executed = [await limited.query(FIFTY, { first: 50 }), await limited.query(FIFTY, variables)];
    expect(executed.map(leftOf)).toEqual([52, 51]);
    await limited.close();
  });

  it('counts as one request when its caller lacks the right', async () => {
    const keys = `reader:read:${sha256('reader')}\nwriter:write:${sha256('writer')}\n`;
    const env = { ...limits, CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: 'keys' };
    const limited = await startPatGateway(plain, createKeyPair('ES256'), env, () => keys);
    const as = (key: string) => limited.query(DELETES, {}, { authorization: `Bearer ${key}` });
    const answers = [await as('reader'), await as('reader'), await as('writer'), await as('reader')];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 403]);
    expect(answers.map(leftOf)).toEqual([59, 58, 58, 57]);
    await limited.close();
  });
});

describe('Requests that run at the same time', () => {
  it('are not coalesced for callers of one credential', async () => {
    const keys = `one:read:${sha256('one')}\nother:read:${sha256('other')}\n`;
    const env = { ADMIN_PORT: '0', CALLER_AUTH: 'api-key', CALLER_API_KEYS_FILE: 'keys' };
    const gateway = await startPatGateway(plain, createKeyPair('ES256'), env, () => keys);
    const as = (key: string, id: string) => () =>
      gateway.query(LIST, {}, { authorization: `Bearer ${key}`, 'x-request-id': id });
    await as('one', 'signs-in')();
    await together(gateway, [as('one', 'one-1'), as('other', 'other-1')]);
    await together(gateway, [as('one', 'one-2'), as('one', 'one-3')]);
    const coalesced = ['one-1', 'other-1', 'one-2', 'one-3'].map(
      (id) => lineOf(gateway, id).coalesced ?? false,
    );
    expect(coalesced.slice(0, 2)).toEqual([false, false]);
    expect(coalesced.slice(2).sort()).toEqual([false, true]);
    await gateway.close();
  });

  it('are not coalesced for different operations, of one document or of two', async () => {
    const two =
      'query A { tokens(first: 1) { nodes { id } } } query B { tokens(first: 2) { nodes { name } } }';
    const [a, b, other] = await together(plain, [
      () => post(plain.url, { query: two, operationName: 'A' }, DEMO),
      () => post(plain.url, { query: two, operationName: 'B' }, DEMO),
      () => plain.query('query A { tokens(first: 3) { nodes { kind: __typename } } }'),
    ]);
    expect(
      [a, b, other].map(({ data }) => [data.tokens.nodes.length, Object.keys(data.tokens.nodes[0])]),
    ).toEqual([
      [1, ['id']],
      [2, ['name']],
      [3, ['kind']],
    ]);
  });

  it('are coalesced across GET and POST, each in its media type', async () => {
    const query = 'query Both { tokens(first: 1) { nodes { id } } }';
    const [one, other] = await together(plain, [
      () => plain.query(query, {}, { accept: 'application/graphql-response+json' }),
      () => get(plain, { query }),
    ]);
    expect(await other.text()).toBe(one.text);
    expect(one.headers.get('content-type')).toContain('graphql-response+json');
    expect(other.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(plain.calls()).toHaveLength(1);
  });

  it('each pass the protection against cross-site requests', async () => {
    const url = `${plain.url}?${new URLSearchParams({ query: LIST })}`;
    const requests = [{ ...DEMO, 'x-apollo-operation-name': '' }, GET, DEMO, GET].map(
      (headers) => () => fetch(url, { headers }),
    );
    const answers = await together(plain, requests, { reads: 2 });
    expect(answers.map(({ status }) => status)).toEqual([400, 200, 400, 200]);
  });

  it('each get an internal error with the id of the own request, and the log has both', async () => {
    const { load } = DataLoader.prototype;
    DataLoader.prototype.load = () =>
      new Promise((_resolve, reject) => {
        setTimeout(() => reject(new TypeError('CANARY')), 200);
      });
    const ids = ['internal-1', 'internal-2'];
    const document = '{ token(id: "one") { id } }';
    const answers = await Promise.all(ids.map((id) => plain.query(document, {}, { 'x-request-id': id })));
    DataLoader.prototype.load = load;
    expect(answers.map(({ errors }) => errors?.map(({ extensions }) => extensions))).toEqual(
      ids.map((requestId) => [{ code: 'INTERNAL_SERVER_ERROR', requestId }]),
    );
    const unexpected = plain.linesWith('"err":{"type":"TypeError"');
    expect(unexpected.map(({ requestId }) => requestId).sort()).toEqual(ids);
    expect(plain.log()).not.toContain('CANARY');
  });
});

describe('A persisted query', () => {
  const byHash = (query: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(query) } });

  it.each([
    ['for introspection', '{ __typename }', undefined],
    ['for tokens', 'query Anonymous { tokens(first: 1) { nodes { id } } }', ['UNAUTHENTICATED']],
  ])('is not registered by an unknown caller (%s)', async (_title, query, codes) => {
    expect(codesOf(await post(apq.url, { query, extensions: byHash(query) }, {}))).toEqual(codes);
    expect(codesOf(await post(apq.url, { extensions: byHash(query) }, DEMO))).toEqual([
      'PERSISTED_QUERY_NOT_FOUND',
    ]);
    expect((await post(apq.url, { query, extensions: byHash(query) }, DEMO)).errors).toBeUndefined();
    expect((await post(apq.url, { extensions: byHash(query) }, DEMO)).errors).toBeUndefined();
  });

  it('is not registered by a request that is malformed', async () => {
    const query = '{ malformed: __typename }';
    const search = { query, extensions: JSON.stringify(byHash(query)) };
    const response = await fetch(`${apq.url}?${new URLSearchParams(search)}&documentId=a&documentId=b`, {
      headers: GET,
    });
    expect(response.status).toBe(400);
    const codes = codesOf(await post(apq.url, { extensions: byHash(query) }, DEMO));
    expect(codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it('is not registered when it exceeds a limit', async () => {
    const extensions = byHash(TOO_LARGE);
    expect(codesOf(await post(apq.url, { query: TOO_LARGE, extensions }, DEMO))).toEqual([
      'OPERATION_LIMIT_EXCEEDED',
    ]);
    expect(codesOf(await post(apq.url, { extensions }, DEMO))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });
});

describe('A trusted document', () => {
  it.each<[string, object]>([
    ['its text', { query: TOO_LARGE }],
    ['its id', { documentId: sha256(TOO_LARGE) }],
    ['its hash', { extensions: { persistedQuery: { version: 1, sha256Hash: sha256(TOO_LARGE) } } }],
  ])('is below the limits too when it is sent by %s', async (_title, body) => {
    const answers = [await post(trusting.url, body, DEMO), await post(trusting.url, body, DEMO)];
    expect(answers.flatMap(codesOf)).toEqual(['OPERATION_LIMIT_EXCEEDED', 'OPERATION_LIMIT_EXCEEDED']);
  });

  it.each<[string, object, string]>([
    ['another document', { query: LIST }, 'OPERATION_NOT_TRUSTED'],
    ['an unknown id', { documentId: 'unknown' }, 'PERSISTED_QUERY_NOT_FOUND'],
    ['a document that is too long', { query: `{ ${'a '.repeat(20_000)} }` }, 'OPERATION_LIMIT_EXCEEDED'],
  ])(
    'is not confused with %s, which is rejected, logged as untrusted and counted',
    async (_title, body, code) => {
      const count = async () => {
        const metrics = await trusting.metrics();
        return Number(/^tokens_gateway_untrusted_operations_total (\d+)/m.exec(metrics)?.[1] ?? 0);
      };
      const before = await count();
      const id = `untrusted-${before}`;
      expect(codesOf(await post(trusting.url, body, { ...DEMO, 'x-request-id': id }))).toEqual([code]);
      expect(await count()).toBe(before + 1);
      expect(lineOf(trusting, id)).toMatchObject({ untrusted: true, code });
    },
  );
});

describe('The log line of a rejected request', () => {
  it('has the hash of its document, and the name of its operation as soon as that is known', async () => {
    const send = (query: string, id: string, headers = {}) =>
      plain.query(query, {}, { 'x-request-id': id, ...headers });
    const line = (id: string) => lineOf(plain, id);
    await send(TOO_LARGE, 'too-large');
    expect(line('too-large')).toMatchObject({ document: sha256(TOO_LARGE).slice(0, 16) });
    expect(line('too-large')).not.toHaveProperty('operation');
    for (const id of ['cold', 'warm']) {
      await send('query Named { tokens { nodes { id } } }', id, { authorization: '' });
      expect(line(id)).toMatchObject({ operation: 'Named', kind: 'query', code: 'UNAUTHENTICATED' });
    }
  });

  it('has the hash of a trusted document that came by its id', async () => {
    const id = 'trusted-id';
    await post(trusting.url, { documentId: 'trusted', operationName: 'No' }, { ...DEMO, 'x-request-id': id });
    const document = sha256(TRUSTED).slice(0, 16);
    expect(lineOf(trusting, id)).toMatchObject({ document, code: 'OPERATION_RESOLUTION_FAILURE' });
  });
});
