import { createServer, type Server } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { shareGateway, startGateway } from '../support/gateway.ts';
import { listen } from '../support/tcp-servers.ts';
import { until } from '../support/until.ts';

const CREATE =
  'mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } userErrors { code } } }';
const UPDATE =
  'mutation ($input: UpdateTokenInput!) { updateToken(input: $input) { token { id } userErrors { code } } }';
const DELETE =
  'mutation ($input: DeleteTokenInput!) { deleteToken(input: $input) { deletedTokenId userErrors { code } } }';

const publicKeyInfo = { jwksUri: 'https://a.example/jwks' };
const created = { name: 'worker', authenticationMethod: { signingAlgorithm: 'RS256', publicKeyInfo } };

/** Has time enough for every failure that needs none of it. */
const gateway = shareGateway({
  env: { REQUEST_DEADLINE_MS: '25000', UPSTREAM_WRITE_TIMEOUT_MS: '20000', UPSTREAM_RETRY_BUDGET: '1000' },
});
/** Over the same API, with little time. */
const hasty = shareGateway({
  emulatorOf: gateway,
  env: { REQUEST_DEADLINE_MS: '2500', UPSTREAM_WRITE_TIMEOUT_MS: '1500', UPSTREAM_RETRY_BUDGET: '1000' },
});

// The fault, the code, and whether the write may have happened all the same.
const faults = [
  ['status-401', 'UNAUTHENTICATED', undefined],
  ['403-unauthorized', 'UNAUTHENTICATED', undefined],
  ['status-403', 'FORBIDDEN', undefined],
  ['429-1', 'RATE_LIMITED', undefined],
  ['status-418', 'UPSTREAM_ERROR', undefined],
  ['status-500', 'UPSTREAM_ERROR', true],
  ['500-empty', 'UPSTREAM_ERROR', true],
  ['html502', 'UPSTREAM_UNAVAILABLE', true],
  ['html503', 'UPSTREAM_UNAVAILABLE', true],
  ['html504', 'UPSTREAM_UNAVAILABLE', true],
  ['reset', 'UPSTREAM_UNAVAILABLE', true],
  ['close', 'UPSTREAM_UNAVAILABLE', true],
  ['truncated', 'UPSTREAM_UNAVAILABLE', true],
  ['reset-mid', 'UPSTREAM_UNAVAILABLE', true],
  ['hang', 'UPSTREAM_TIMEOUT', true],
  ['hang-body', 'UPSTREAM_TIMEOUT', true],
  ['redirect-302', 'UPSTREAM_INVALID_RESPONSE', undefined],
  ['redirect-307', 'UPSTREAM_INVALID_RESPONSE', undefined],
  ['garbage', 'UPSTREAM_INVALID_RESPONSE', true],
  ['after-reset', 'UPSTREAM_UNAVAILABLE', true],
  ['after-500', 'UPSTREAM_ERROR', true],
] as const;
const bodyFaults = [
  ['badjson', 'UPSTREAM_INVALID_RESPONSE', true],
  ['html200', 'UPSTREAM_INVALID_RESPONSE', true],
  ['huge', 'UPSTREAM_INVALID_RESPONSE', true],
  ['huge-chunked', 'UPSTREAM_INVALID_RESPONSE', true],
  ['badgzip', 'UPSTREAM_INVALID_RESPONSE', true],
] as const;
// Deletes are answered without a body, so none of its members can be missing.
const tokenFaults = [['missing', 'UPSTREAM_INVALID_RESPONSE', true]] as const;

async function expectOnce(document: string, input: object, call: string, code: string, known?: boolean) {
  const { query } = code === 'UPSTREAM_TIMEOUT' ? hasty : gateway;
  const { data, errors } = await query(document, { input });
  expect(Object.values(data)).toEqual([null]);
  expect(errors?.[0]?.extensions).toMatchObject({ code });
  expect(errors?.[0]?.extensions.mayHaveSucceeded).toBe(known);
  expect(gateway.calls()).toEqual([call]);
}

describe('However the API fails, one create is sent once', () => {
  it.each([...faults, ...bodyFaults, ...tokenFaults])(
    '(%s): %s, may have succeeded: %s',
    async (fault, code, known) => {
      gateway.emulator.faults.add({ fault });
      await expectOnce(CREATE, created, 'POST /v1/tokens', code, known);
    },
  );
});

describe('However the API fails, one update is sent once', () => {
  it.each([...faults, ...bodyFaults, ...tokenFaults])(
    '(%s): %s, may have succeeded: %s',
    async (fault, code, known) => {
      gateway.emulator.faults.add({ fault });
      const id = gateway.emulator.tokensOf('demo')[0]?.id;
      await expectOnce(UPDATE, { id, name: 'renamed' }, `PATCH /v1/tokens/${id}`, code, known);
    },
  );
});

describe('However the API fails, one delete is sent once', () => {
  it.each([...faults, ...bodyFaults])('(%s): %s, may have succeeded: %s', async (fault, code, known) => {
    gateway.emulator.faults.add({ fault });
    const id = gateway.emulator.tokensOf('demo')[1]?.id ?? 'gone';
    await expectOnce(DELETE, { id }, `DELETE /v1/tokens/${id}`, code, known);
  });
});

describe('What the status of a response says about a write', () => {
  it.each([303, 500, 501, 502, 503, 504, 520, 599])('%i: it may have succeeded', async (status) => {
    gateway.emulator.faults.add({ fault: `status-${status}` });
    const { errors } = await gateway.query(DELETE, { input: { id: 'x' } });
    expect(errors?.[0]?.extensions.mayHaveSucceeded).toBe(true);
  });

  it.each([
    301, 302, 304, 307, 308, 401, 402, 403, 405, 408, 410, 413, 415, 421, 422, 424, 425, 429, 431, 499,
  ])('%i: it was not carried out', async (status) => {
    gateway.emulator.faults.add({ fault: `status-${status}` });
    const { errors } = await gateway.query(DELETE, { input: { id: 'x' } });
    expect(errors?.[0]?.extensions.code).toEqual(expect.any(String));
    expect(errors?.[0]?.extensions).not.toHaveProperty('mayHaveSucceeded');
  });
});

/** An API that never answers, and tells what became of each request. */
async function startSilentApi(): Promise<{ server: Server; url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} came`);
    response.once('close', () => requests.push(`${request.method} was ended`));
  });
  return { server, url: `http://127.0.0.1:${await listen(server)}`, requests };
}

describe('A client that disconnects', () => {
  const leave = async (url: string, body: object, came: () => boolean) => {
    const client = new AbortController();
    const sent = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
      body: JSON.stringify(body),
      signal: client.signal,
    }).catch(() => undefined);
    await until(came);
    client.abort();
    await sent;
  };

  it('cancels its reads, but not a write that was sent', async () => {
    const api = await startSilentApi();
    const silent = await startGateway({
      apiGatewayUrl: api.url,
      env: { UPSTREAM_WRITE_TIMEOUT_MS: '2000', REQUEST_DEADLINE_MS: '3000' },
    });
    const startedAt = performance.now();
    await leave(
      silent.url,
      { query: DELETE, variables: { input: { id: 'x' } } },
      () => api.requests.length === 1,
    );
    await leave(silent.url, { query: '{ tokens { nodes { id } } }' }, () => api.requests.length === 2);
    await until(() => api.requests.length === 3);
    expect(api.requests).toEqual(['DELETE came', 'GET came', 'GET was ended']);
    await until(() => api.requests.length === 4);
    expect(api.requests[3]).toBe('DELETE was ended');
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    await silent.close();
    api.server.close();
  });

  it('has its write finished although the gateway gets a stop signal', async () => {
    const writing = await startGateway();
    const [{ id = '' } = {}] = writing.emulator.tokensOf('demo');
    writing.emulator.faults.add({ fault: 'latency-1000', operation: 'deleteToken' });
    await leave(
      writing.url,
      { query: DELETE, variables: { input: { id } } },
      () => writing.calls().length === 1,
    );
    await writing.close();
    const [operation] = writing.linesWith('"msg":"operation"');
    expect(operation).toMatchObject({ kind: 'mutation', code: 'OK', upstreamCalls: 1 });
  });
});
