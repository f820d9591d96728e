import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, shareGateway, startGateway } from '../support/gateway.ts';
import { createKeyPair, toPem } from '../support/keys.ts';
import { openConnection, queryAtOnce, rawRequest, readToEnd } from '../support/raw.ts';
import { timed } from '../support/stopwatch.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const LIST = '{ tokens(first: 1) { nodes { id } } }';
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const gateway = shareGateway({ env: { REQUEST_DEADLINE_MS: '3000', UPSTREAM_READ_TIMEOUT_MS: '10000' } });
beforeAll(async () => {
  await gateway.query(LIST);
});

describe('The deadline of a request', () => {
  it('starts with its headers, however late its body arrives', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listToken' });
    const body = JSON.stringify({ query: LIST });
    const head = rawRequest('POST /graphql', [
      'content-type: application/json',
      `content-length: ${body.length}`,
      'authorization: Bearer demo',
    ]);
    const socket = await openConnection(gateway.origin);
    const answer = readToEnd(socket);
    socket.write(head);
    await wait(2000);
    socket.write(body);
    const { status, body: text, ms, ownMs } = await answer;
    expect([status, JSON.parse(text).errors[0].extensions.code]).toEqual([200, 'UPSTREAM_TIMEOUT']);
    expect(ms).toBeGreaterThan(2900);
    expect(ownMs).toBeLessThan(3900);
  });

  it('has passed when the body arrives later, and then nothing is sent to IAM', async () => {
    const strict = await startGateway({ env: { REQUEST_DEADLINE_MS: '300' }, emulatorOf: gateway });
    const id = gateway.emulator.tokensOf('demo')[0]?.id;
    for (const query of [LIST, `mutation { deleteToken(input: { id: "${id}" }) { deletedTokenId } }`]) {
      const body = JSON.stringify({ query });
      const socket = await openConnection(strict.origin);
      const answer = readToEnd(socket);
      socket.write(
        rawRequest('POST /graphql', [
          'content-type: application/json',
          `content-length: ${body.length}`,
          'authorization: Bearer demo',
        ]),
      );
      await wait(600);
      socket.write(body);
      const { errors } = JSON.parse((await answer).body);
      expect(errors[0].extensions).toEqual({ code: 'UPSTREAM_TIMEOUT' });
    }
    expect(gateway.calls()).toEqual([]);
    await strict.close();
  });

  it('ends a write that IAM has received, and the error says that it may have succeeded', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'deleteToken' });
    const document = 'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }';
    const { value, ownMs } = await timed(gateway.query(document));
    expect(value.errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_TIMEOUT', mayHaveSucceeded: true });
    expect(ownMs).toBeLessThan(3900);
    expect(gateway.calls()).toContain('DELETE /v1/tokens/x');
  });

  it('leaves no timer behind when the response is sent', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await gateway.query(LIST);
    const before = timers();
    for (let i = 0; i < 20; i++) await gateway.query('{ __typename }');
    for (let i = 0; i < 20; i++) await gateway.query('{ nope }', {}, { authorization: '' });
    expect(timers()).toBeLessThan(before + 10);
  });

  it('is its own for each coalesced request: the later one continues while it has time', async () => {
    const patient = await startGateway({
      env: { REQUEST_DEADLINE_MS: '5000', UPSTREAM_READ_TIMEOUT_MS: '10000', UPSTREAM_RETRIES: '0' },
      emulatorOf: gateway,
    });
    gateway.emulator.faults.add({ fault: 'latency-90000', operation: 'listToken' });
    gateway.forgetCalls();
    const first = timed(patient.query(LIST));
    await wait(3000);
    const second = patient.query(LIST);
    const { value, ownMs } = await first;
    expect(value.errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_TIMEOUT']);
    expect(ownMs).toBeLessThan(5500);
    gateway.emulator.faults.clear();
    const { errors, data } = await second;
    expect([errors, data?.tokens.nodes.length]).toEqual([undefined, 1]);
    expect(gateway.calls()).toHaveLength(1);
    await patient.close();
  });

  it('leaves time for the call of each id, when the list that could have all of them does not come', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listToken' });
    const ids = gateway.emulator
      .tokensOf('demo')
      .slice(0, 4)
      .map(({ id }) => id);
    const { value, ownMs } = await timed(
      gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }),
    );
    expect([value.errors, value.data]).toEqual([undefined, { nodes: ids.map((id) => ({ id })) }]);
    expect(ownMs).toBeLessThan(2500);
    expect(gateway.calls()).toEqual(['GET /v1/tokens?limit=100', ...ids.map((id) => `GET /v1/tokens/${id}`)]);
    const again = await timed(gateway.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }));
    expect(again.value.errors).toBeUndefined();
    expect(again.ownMs).toBeLessThan(1000);
  });

  it('requests the list again after an outage in which IAM responded to no call', async () => {
    // The list has half of it.
    const fresh = await startGateway({ env: { REQUEST_DEADLINE_MS: '3000' } });
    const ids = fresh.emulator
      .tokensOf('demo')
      .slice(0, 4)
      .map(({ id }) => id);
    const ask = () => fresh.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
    fresh.emulator.faults.add({ fault: 'hang' });
    expect((await ask()).errors?.map(({ extensions }) => extensions.code)).toContain('UPSTREAM_TIMEOUT');
    fresh.emulator.faults.clear();
    fresh.forgetCalls();
    expect((await ask()).data).toEqual({ nodes: ids.map((id) => ({ id })) });
    expect(fresh.calls()).toEqual(['GET /v1/tokens?limit=100']);
    await fresh.close();
  });

  it('returns the fields that are complete, when all coalesced requests have the same', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listProjectsOfToken' });
    const document = '{ tokens(first: 1) { nodes { name projects(first: 1) { nodes { id } } } } }';
    const answers = await queryAtOnce(gateway.origin, [document, document]);
    expect(answers).toHaveLength(2);
    for (const { status, data, errors } of answers) {
      expect([status, data.tokens.nodes[0]]).toEqual([200, { name: 'billing-worker', projects: null }]);
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_TIMEOUT']);
    }
  });

  it('returns the fields that are complete to the last of several coalesced requests', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listProjectsOfToken' });
    const document = '{ tokens(first: 1) { nodes { name projects(first: 1) { nodes { id } } } } }';
    const first = gateway.query(document);
    await wait(1000);
    const { status, data, errors } = await gateway.query(document);
    expect([status, data?.tokens.nodes[0]]).toEqual([200, { name: 'billing-worker', projects: null }]);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_TIMEOUT']);
    expect((await first).status).toBe(503);
    expect(gateway.calls()).toHaveLength(2);
  });
});

describe('A write whose response arrives while the process is suspended', () => {
  /** IAM in a thread. It responds when the main thread waits, and ends that wait long after the limit of the write. */
  const IAM = `
    const { createServer } = require('node:http');
    const { parentPort, workerData: [waits, ends] } = require('node:worker_threads');
    let requests = 0;
    const server = createServer((request, response) => {
      parentPort.postMessage('received');
      Atomics.wait(waits, 0, requests++);
      response.writeHead(204).end(() => setTimeout(() => {
        Atomics.add(ends, 0, 1);
        Atomics.notify(ends, 0);
      }, 900));
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

  it.each(['UPSTREAM_WRITE_TIMEOUT_MS', 'REQUEST_DEADLINE_MS'])(
    'longer than %s has succeeded',
    async (name) => {
      const waits = new Int32Array(new SharedArrayBuffer(4));
      const ends = new Int32Array(new SharedArrayBuffer(4));
      const iam = new Worker(IAM, { eval: true, workerData: [waits, ends] });
      const [port] = await once(iam, 'message');
      iam.on('message', () => {
        const before = Atomics.add(waits, 0, 1);
        Atomics.notify(waits, 0);
        Atomics.wait(ends, 0, before);
      });
      const suspended = await startGateway({
        apiGatewayUrl: `http://127.0.0.1:${port}`,
        env: { [name]: '800' },
      });
      // On a busy machine the limit may pass before IAM gets the request.
      await until(async () => {
        const { errors } = await suspended.query(
          'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }',
        );
        return errors === undefined;
      });
      await suspended.close();
      await iam.terminate();
    },
  );
});

describe('While the keys of callers cannot be fetched', () => {
  let keySet: Server;
  let locked: Gateway;
  beforeAll(async () => {
    keySet = createServer(() => {});
    const url = `http://127.0.0.1:${await listen(keySet)}`;
    locked = await startGateway({
      emulatorOf: gateway,
      env: {
        REQUEST_DEADLINE_MS: '600',
        AUTH_MODE: 'pat',
        TOKEN_ENDPOINT: gateway.emulator.tokenEndpoint,
        TOKEN_ID: 'token-1',
        PROJECT_ID: 'project-1',
        PRIVATE_KEY: toPem(createKeyPair('ES256').privateKey),
        CALLER_AUTH: 'jwt',
        CALLER_JWKS_URL: `${url}/jwks.json`,
        CALLER_JWT_ISSUER: url,
        CALLER_JWT_AUDIENCE: 'tokens-gateway',
      },
    });
  });
  afterAll(async () => {
    await locked.close();
    keySet.closeAllConnections();
    keySet.close();
  });
  const JWT = 'Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhIn0.AAAA';

  it('a request gets its response by its deadline, which covers the caller’s authentication', async () => {
    for (const document of [LIST, 'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }']) {
      const { value, ownMs } = await timed(locked.query(document, {}, { authorization: JWT }));
      expect(value.errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_TIMEOUT']);
      expect([value.status, value.data]).toEqual([503, undefined]);
      expect(ownMs).toBeLessThan(1500);
    }
    expect(gateway.calls()).toEqual([]);
  });

  it('requests that need no caller are served', async () => {
    const { data } = await locked.query('{ __typename }', {}, { authorization: JWT });
    expect(data).toEqual({ __typename: 'Query' });
  });
});
