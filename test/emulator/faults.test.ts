import { once } from 'node:events';
import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { startEmulator } from '../../src/emulator/emulator.ts';
import { leakCanaries } from '../../src/emulator/fault-responses.ts';
import { findFault } from '../../src/emulator/faults.ts';
import { openConnection, rawRequest, readToEnd, sendRaw } from '../support/raw.ts';
import { shareEmulator } from '../support/share.ts';
import { until } from '../support/until.ts';
import { clientOf, validInput } from './support.ts';

const emulator = shareEmulator();
const demo = clientOf(emulator);

const get = (name: string) => rawRequest(`GET /iam/v1/tokens/fault-${name}`, ['authorization: demo']);
/** What comes on the wire for a GET of `fault-<name>`. */
const raw = (name: string) => sendRaw(emulator.url, get(name));

describe('A wrong status', () => {
  it.each([
    ['status-401', 401, 'InvalidJwtTokenError'],
    ['status-403', 403, 'ActionForbiddenError'],
    ['status-404', 404, 'NotFoundError'],
    ['status-409', 409, 'AlreadyExistsError'],
    ['status-418', 418, 'ServiceError'],
    ['status-429', 429, 'TooManyRequestsError'],
    ['status-500', 500, 'UnexpectedError'],
    ['403-unauthorized', 403, 'UnauthorizedError'],
  ])('%s has the body of the vendor', async (name, status, error) => {
    const answer = await demo('GET', `/v1/tokens/fault-${name}`);
    expect(answer).toMatchObject({ status, body: { name: error, httpStatusCode: status } });
  });

  it.each([
    ['html502', 502],
    ['html503', 503],
    ['html504', 504],
    ['html200', 200],
  ])('%s is a page', async (name, status) => {
    const answer = await demo('GET', `/v1/tokens/fault-${name}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html']);
  });

  it.each([
    ['429-1', '1'],
    ['429-86400', '86400'],
    ['429-none', null],
    ['429-negative', '-5'],
    ['429-date', expect.stringMatching(/ GMT$/)],
  ])('%s says when to come back: %s', async (name, retryAfter) => {
    const answer = await demo('GET', `/v1/tokens/fault-${name}`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, retryAfter]);
  });

  it.each([
    ['leak', 500],
    ['leak-403', 403],
  ])('%s has a stack, a host and a key in its body', async (name, status) => {
    const answer = await demo('GET', `/v1/tokens/fault-${name}`);
    expect(answer.status).toBe(status);
    expect(leakCanaries.filter((canary) => !answer.text.includes(canary))).toEqual([]);
  });

  it.each([
    ['redirect-302', 302, 'http://other-host.invalid/iam/v1/tokens/fault-redirect-302'],
    ['redirect-307', 307, 'http://other-host.invalid/iam/v1/tokens/fault-redirect-307'],
    ['redirect-file', 302, 'file:///etc/passwd'],
    ['redirect-metadata', 302, expect.stringContaining('169.254.169.254')],
    ['redirect-loop', 307, 'http://localhost/iam/v1/tokens/fault-redirect-loop'],
    ['redirect-same', 307, 'http://localhost/iam/v1/sts/whoami'],
  ])('%s redirects with %i', async (name, status, location) => {
    const answer = await raw(name);
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location]);
  });
});

describe('A wrong body', () => {
  it.each([
    ['empty', 200, ''],
    ['null', 200, 'null'],
    ['array', 200, '[]'],
    ['string', 200, '"token"'],
    ['204', 204, ''],
    ['500-empty', 500, ''],
    ['badjson', 200, '{"id": "b5df235d", "name": oops'],
  ])('%s responds with %i and a wrong body', async (name, status, text) => {
    const { status: received, body, end } = await raw(name);
    expect([received, body, end]).toEqual([status, text, 'closed']);
  });

  it.each([
    ['wrongtype', { name: { first: 42 } }],
    ['nullfields', { id: 'fault-nullfields', name: null, authenticationMethod: null }],
    ['unknown-enum', { authenticationMethod: { type: 'PRIVATE_KEY', signingAlgorithm: 'PS256' } }],
    ['wrong-id', { id: '00000000-0000-4000-8000-00000000beef' }],
    ['echo-principal', { name: 'demo' }],
  ])('%s: a token with a wrong member', async (name, body) => {
    expect((await demo('GET', `/v1/tokens/fault-${name}`)).body).toMatchObject(body);
  });

  it('missing: a token without its name', async () => {
    const { body: whole } = await demo('GET', '/v1/tokens/fault-latency-0');
    const { body } = await demo('GET', '/v1/tokens/fault-missing');
    expect(Object.keys(body)).toEqual(Object.keys(whole).filter((member) => member !== 'name'));
  });

  it('changes the first item of a list', async () => {
    const { body } = await demo('GET', '/v1/tokens?limit=2', {
      headers: { 'x-emulator-fault': 'wrongtype' },
    });
    expect(body.tokens).toMatchObject([{ name: { first: 42 } }, { name: 'signing-service' }]);
  });
});

describe('A broken connection', () => {
  it.each([
    ['reset', /^$/, 'ECONNRESET'],
    ['close', /^$/, 'closed'],
    ['half-open', /^$/, 'closed'],
    ['garbage', /SSH-2.0-OpenSSH_9.6\r\n\r\n$/, 'closed'],
    [
      'twolengths',
      /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\ncontent-length: (\d+)\r\ncontent-length: (?!\1)\d+\r\n/,
      'closed',
    ],
    ['bigheaders', /\r\nx-padding: x{262144}\r\n/, 'closed'],
  ])('%s: the client gets no valid response', async (name, bytes, end) => {
    expect(await raw(name)).toMatchObject({ text: expect.stringMatching(bytes), end });
  });

  it('reset-late-N: no response, and the operation is carried out later', async () => {
    const late = clientOf(emulator, 'late');
    await expect(
      late('POST', '/v1/tokens', { body: validInput, headers: { 'x-emulator-fault': 'reset-late-90000' } }),
    ).rejects.toBeDefined();
    expect(emulator.tokensOf('late')).toHaveLength(0);
    emulator.faults.clear();
    await until(() => emulator.tokensOf('late').length > 0);
  });

  it.each([
    ['truncated', 'closed'],
    ['truncated-chunked', 'closed'],
    ['reset-mid', 'ECONNRESET'],
  ])('%s: half of the body', async (name, end) => {
    const answer = await raw(name);
    expect([answer.status, answer.end]).toEqual([200, end]);
    expect(answer.body).toMatch(/^(\w+\r\n)?\{"id":"fault-[^}]+(\r\n)?$/);
  });

  it('badgzip says that it is gzip, and is not', async () => {
    const { headers, body } = await raw('badgzip');
    expect([headers.get('content-encoding'), body]).toEqual(['gzip', 'this is not compressed']);
  });

  it('idle-reset responds, and resets the connection right after', async () => {
    const request =
      'GET /iam/v1/tokens/fault-idle-reset HTTP/1.1\r\nhost: localhost\r\nauthorization: demo\r\n\r\n';
    const { status, body, end } = await sendRaw(emulator.url, request);
    expect([status, JSON.parse(body).id]).toEqual([200, 'fault-idle-reset']);
    expect(end).toBe('ECONNRESET');
  });
});

describe('A response that is late', () => {
  it.each([
    ['hang', /^$/],
    // A busy machine sends fewer bytes in that time, and never all of them.
    ['slowdrip', /^(\{("i?)?)?$/],
  ])('%s does not end', async (name, body) => {
    const connection = await openConnection(emulator.url);
    const answer = readToEnd(connection);
    connection.write(get(name));
    expect(await Promise.race([answer, setTimeout(300, 'still waiting')])).toBe('still waiting');
    connection.destroy();
    expect((await answer).body).toMatch(body);
  });

  /** Reads a GET of `fault-<name>` until what came ends so. */
  const readUntil = async (name: string, end: string) => {
    const connection = await openConnection(emulator.url);
    connection.write(get(name));
    let text = '';
    while (!text.includes(end)) text += String((await once(connection, 'data'))[0]);
    return { connection, text };
  };

  it('slowdrip sends one byte after another', async () => {
    const { connection, text } = await readUntil('slowdrip', '\r\n\r\n{"');
    connection.destroy();
    // A busy process reads a few of them at once.
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\{"[^}]{0,9}$/);
  });

  it('hang-body sends half of the body, and does not end', async () => {
    const { connection, text } = await readUntil('hang-body', '"fault-hang-body"');
    const events: string[] = [];
    for (const event of ['data', 'end', 'close']) connection.on(event, () => events.push(event));
    await setTimeout(300);
    connection.destroy();
    expect(text).toMatch(/\r\n\r\n\{"id":"fault-hang-body"[^}]*$/);
    expect(events).toEqual([]);
  });

  it('latency-N delays the right response', async () => {
    const start = performance.now();
    const { body } = await demo('GET', '/v1/tokens/fault-latency-120');
    expect(body.id).toBe('fault-latency-120');
    expect(performance.now() - start).toBeGreaterThanOrEqual(115);
  });

  it('latency-N waits no longer than until the plan is cleared, and is right', async () => {
    emulator.faults.add({ fault: 'latency-300000', operation: 'listToken' });
    const before = emulator.calls.length;
    const answer = demo('GET', '/v1/tokens?limit=1');
    await until(() => emulator.calls.length > before);
    // The emulator notes a request before it reads it.
    await setTimeout(50);
    emulator.faults.clear();
    expect((await answer).body.tokens).toHaveLength(1);
  });
});

describe('A response that is too large', () => {
  it.each([
    ['huge', 'padding'],
    ['huge-name', 'name'],
  ])('%s has 10 MB in `%s`', async (name, member) => {
    const { body } = await demo('GET', `/v1/tokens/fault-${name}`);
    expect(body[member]).toHaveLength(10 * 1024 * 1024);
  });

  it('gzipbomb is 100 MB in a small packet', async () => {
    const { headers, body } = await raw('gzipbomb');
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(body.length).toBeLessThan(1024 * 1024);
  });

  it('huge-chunked sends until the client disconnects', async () => {
    const answer = await fetch(`${emulator.url}/iam/v1/tokens/fault-huge-chunked`, {
      headers: { authorization: 'demo' },
    });
    let size = 0;
    for await (const chunk of answer.body ?? []) {
      size += chunk.length;
      if (size > 20 * 1024 * 1024) break;
    }
    expect(answer.headers.get('content-length')).toBeNull();
    expect((await demo('GET', '/v1/tokens?limit=1')).status).toBe(200);
  });
});

describe('A fault that passes', () => {
  it.each([
    ['flaky-2', [503, 503, 200, 200]],
    ['flaky-429-1', [429, 200]],
  ])('%s responds with %j in turn', async (name, statuses) => {
    const seen: number[] = [];
    for (const _ of statuses) seen.push((await demo('GET', `/v1/tokens/fault-${name}`)).status);
    expect(seen).toEqual(statuses);
  });

  it('flaky-reset-1 resets once', async () => {
    expect((await raw('flaky-reset-1')).end).toBe('ECONNRESET');
    expect((await raw('flaky-reset-1')).status).toBe(200);
  });

  it('counts for each URL and principal, and starts again after clear()', async () => {
    const path = '/v1/tokens/fault-flaky-1';
    const bob = clientOf(emulator, 'bob');
    expect([(await demo('GET', path)).status, (await bob('GET', path)).status]).toEqual([503, 503]);
    expect((await demo('GET', path)).status).toBe(200);
    emulator.faults.clear();
    expect((await demo('GET', path)).status).toBe(503);
  });
});

describe('A write whose response is lost', () => {
  it.each(['after-reset', 'after-close', 'after-hang', 'after-500', 'after-html502', 'after-truncated'])(
    '%s: the token exists',
    async (fault) => {
      const send = clientOf(emulator, fault);
      const client = new AbortController();
      const answered = fetch(`${emulator.url}/iam/v1/tokens`, {
        method: 'POST',
        signal: client.signal,
        headers: { authorization: `${fault}~${fault}`, 'content-type': 'application/json' },
        body: JSON.stringify(validInput),
      })
        .then((answer) => answer.text())
        .catch(() => undefined);
      await until(() => emulator.tokensOf(fault).length > 0);
      if (fault === 'after-hang') client.abort();
      await answered;
      expect((await send('GET', '/v1/tokens')).body.tokens).toMatchObject([{ name: validInput.name }]);
    },
  );

  it('without `after-` nothing is written', async () => {
    await clientOf(emulator, 'nothing~status-503')('POST', '/v1/tokens', { body: validInput });
    expect(emulator.tokensOf('nothing')).toEqual([]);
  });
});

describe('Pages that are cut in another way', () => {
  const pages = async (fault: string, limit: number, count: number) => {
    const send = clientOf(emulator, `demo~${fault}`);
    const seen: { items: number; key: string | undefined }[] = [];
    for (let key: string | undefined = ''; key !== undefined && seen.length < count; ) {
      const { body } = await send('GET', `/v1/tokens?limit=${limit}&exclusiveStartKey=${key}`);
      key = body.lastEvaluatedKey;
      seen.push({ items: body.tokens.length, key });
    }
    return seen;
  };

  it('page-repeat returns the same key again', async () => {
    const [first, second, third] = await pages('page-repeat', 10, 3);
    expect(second?.key).toBe(first?.key);
    expect(third?.key).toBe(first?.key);
  });

  it('page-empty puts an empty page before each', async () => {
    const seen = await pages('page-empty', 100, 10);
    expect(seen.map(({ items }) => items)).toEqual([0, 100, 0, 20]);
  });

  it('page-empty-always never comes to an end', async () => {
    const seen = await pages('page-empty-always', 100, 12);
    expect(seen.map(({ items }) => items)).toEqual(Array(12).fill(0));
    expect(new Set(seen.map(({ key }) => key)).size).toBe(12);
  });

  it('page-short returns a third of the limit', async () => {
    const seen = await pages('page-short', 90, 10);
    expect(seen.map(({ items }) => items)).toEqual([30, 30, 30, 30, 0]);
  });

  it('page-ignore returns everything', async () => {
    expect(await pages('page-ignore', 10, 2)).toEqual([{ items: 120, key: undefined }]);
  });
});

describe('A fault is requested', () => {
  it('by a header, by the bearer or by the id of a token', async () => {
    const headers = { 'x-emulator-fault': 'status-418' };
    const statuses = [
      await demo('GET', '/v1/sts/whoami', { headers }),
      await clientOf(emulator, 'Bearer demo~status-418')('GET', '/v1/tokens'),
      await demo('GET', '/v1/tokens/fault-status-418'),
      await demo('GET', '/v1/tokens/fault-status-418/projects'),
      await demo('DELETE', '/v1/tokens/fault-status-418'),
    ].map(({ status }) => status);
    expect(statuses).toEqual([418, 418, 418, 418, 418]);
    expect(emulator.calls.at(-4)?.principal).toBe('demo');
  });

  it('by a plan: for an operation, a token, a principal, a number of times', async () => {
    const [token, other] = emulator.tokensOf('demo');
    const operation = 'listProjectsOfToken';
    emulator.faults.add({ fault: 'status-503', operation, tokenId: token!.id, principal: 'demo', times: 1 });
    const projects = async (id: string | undefined) =>
      (await demo('GET', `/v1/tokens/${id}/projects`)).status;
    expect(await projects(other?.id)).toBe(200);
    expect((await demo('GET', `/v1/tokens/${token?.id}`)).status).toBe(200);
    expect(await projects(token?.id)).toBe(503);
    expect(await projects(token?.id)).toBe(200);
  });

  it('over HTTP, for a client in another process', async () => {
    const control = (method: string, path: string, body?: object) =>
      fetch(`${emulator.url}/_emulator/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    expect((await control('POST', 'faults', { fault: 'status-503', operation: 'listToken' })).status).toBe(
      204,
    );
    expect((await demo('GET', '/v1/tokens')).status).toBe(503);
    await control('DELETE', 'faults');
    await control('DELETE', 'calls');
    expect((await demo('GET', '/v1/tokens')).status).toBe(200);
    expect(await (await control('GET', 'calls')).json()).toMatchObject({
      calls: [{ operation: 'listToken' }],
    });
    const id = emulator.tokensOf('demo')[6]?.id;
    expect(await (await control('POST', `tokens/${id}/projects`, { name: 'New' })).json()).toMatchObject({
      name: 'New',
    });
    for (const wrong of [
      { fault: 'x' },
      { fault: 'hang', operatoin: 'getToken' },
      { fault: 'hang', tokenId: 5 },
      { fault: 'hang', principal: null },
      { fault: 'latency-3000000000' },
    ])
      expect((await control('POST', 'faults', wrong)).status).toBe(400);
    // A data file with such a project could not be read again.
    const answer = await control('POST', `tokens/${id}/projects`, { name: 5 });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        message:
          'Expected a project with `id` and `name` as strings, and `policy`, got something else (name must be string).',
      },
    ]);
  });

  it.each([
    ['GET', 'faults', 200],
    ['DELETE', 'faults', 204],
    ['GET', 'calls', 200],
    ['DELETE', 'calls', 204],
    ['POST', 'nothing', 404],
    ['POST', 'faults', 400],
  ])('over HTTP, where %s %s with a body that is not JSON is %i', async (method, path, status) => {
    // `fetch` sends no body with GET, and `http` none without its length.
    const request = http.request(`${emulator.url}/_emulator/${path}`, {
      method,
      headers: { 'content-length': 1 },
    });
    request.end('x');
    const [response] = await once(request, 'response');
    response.resume();
    expect(response.statusCode).toBe(status);
  });

  it('for the sign-in too', async () => {
    emulator.faults.add({ fault: 'status-401', operation: 'createAccessToken' });
    const answer = await fetch(emulator.tokenEndpoint, { method: 'POST', body: new URLSearchParams({}) });
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'invalid_client' }]);
  });

  it('and one that does not exist is rejected with the list of all', async () => {
    const answer = await demo('GET', '/v1/tokens/fault-nonsense');
    expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining('html502')]);
    expect(() => emulator.faults.add({ fault: 'nonsense' })).toThrow('Expected the name of a fault');
    expect(findFault('constructor')).toBeUndefined();
  });
});

describe('close()', () => {
  it('cuts the connections that a fault keeps waiting', async () => {
    const other = await startEmulator();
    const answer = sendRaw(other.url, get('hang'));
    await until(() => other.calls.length > 0);
    await other.close();
    expect((await answer).text).toBe('');
  });
});
