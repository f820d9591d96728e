import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { shareGateway, startGateway } from '../support/gateway.ts';
import { openConnection, rawRequest, sendRaw } from '../support/raw.ts';
import { timed } from '../support/stopwatch.ts';
import { together } from '../support/together.ts';
import { until } from '../support/until.ts';

const gateway = shareGateway({
  env: { ADMIN_PORT: '0', COMPILE_AFTER: '1', MAX_COMPILED_OPERATIONS: '10' },
});

describe('/metrics', () => {
  it('is on the admin listener only', async () => {
    expect((await fetch(`${gateway.origin}/metrics`)).status).toBe(404);
    const response = await fetch(`${gateway.adminOrigin}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  });

  it('counts documents, compiled operations, coalesced work, and ids that a list had', async () => {
    const ids = gateway.emulator.tokensOf('demo').map(({ id }) => id);
    const document = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const variables = { ids: [...ids.slice(0, 4), 'missing'] };
    await together(
      gateway,
      [1, 2].map(() => () => gateway.query(document, variables)),
    );
    await gateway.query(document, variables);
    const text = await gateway.metrics();
    for (const line of [
      'tokens_gateway_cache_requests_total{cache="documents",outcome="hit"} 2',
      'tokens_gateway_cache_requests_total{cache="documents",outcome="miss"} 1',
      'tokens_gateway_cache_requests_total{cache="compiled",outcome="hit"} 1',
      'tokens_gateway_cache_requests_total{cache="compiled",outcome="miss"} 1',
      'tokens_gateway_cache_entries{cache="documents"} 1',
      'tokens_gateway_work_total{kind="operation",outcome="started"} 2',
      'tokens_gateway_work_total{kind="operation",outcome="coalesced"} 1',
      'tokens_gateway_list_first_ids_total{outcome="hit"} 4',
      'tokens_gateway_list_first_ids_total{outcome="miss"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).toContain('process_resident_memory_bytes ');
  });

  it('counts operations by name and code, and upstream calls by operation, status and attempt', async () => {
    gateway.emulator.faults.add({ fault: 'status-503', operation: 'getToken', times: 1 });
    await gateway.query('query One { token(id: "missing") { id } }');
    await gateway.query('query Many { tokens(first: 1) { nodes { id } } }', {}, { authorization: '' });
    const text = await gateway.metrics();
    for (const line of [
      'tokens_gateway_operations_total{operation="One",code="OK"} 1',
      'tokens_gateway_operations_total{operation="Many",code="UNAUTHENTICATED"} 1',
      'tokens_gateway_operation_duration_seconds_count{operation="One"} 1',
      'tokens_gateway_upstream_calls_total{operation="getToken",status="503",attempt="1"} 1',
      'tokens_gateway_upstream_calls_total{operation="getToken",status="404",attempt="2"} 1',
      'tokens_gateway_in_flight 0',
      'tokens_gateway_shed_total 0',
    ])
      expect(text).toContain(`${line}\n`);
  });

  it('counts a call to IAM when it is sent, without the time for which it waited for others', async () => {
    const env = {
      ADMIN_PORT: '0',
      UPSTREAM_CONCURRENCY: '1',
      REQUEST_DEADLINE_MS: '1800',
      TOKEN_BATCH_LIST_MIN: '0',
    };
    const busy = await startGateway({ env });
    busy.emulator.faults.add({ fault: 'latency-500', operation: 'getToken' });
    // In one request, so that all have one deadline, however busy the machine is.
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const {
      value: { errors },
      ms,
    } = await timed(busy.query(`{ ${ids.map((id) => `${id}: token(id: "${id}") { id }`).join(' ')} }`));
    const sent = busy.calls().length;
    const text = await busy.metrics();
    await busy.close();
    expect(errors?.map(({ extensions }) => extensions.code)).toContain('UPSTREAM_TIMEOUT');
    expect(sent).toBeLessThan(ids.length);
    const name = 'tokens_gateway_upstream_call_duration_seconds';
    expect(text).toContain(`${name}_count{operation="getToken"} ${sent}\n`);
    // One after the other, they cannot take longer than the request, but with the time before them they would.
    const [, seconds = ''] =
      /upstream_call_duration_seconds_sum\{operation="getToken"\} (\S+)/.exec(text) ?? [];
    expect(Number(seconds) * 1000).toBeLessThanOrEqual(ms);
  });

  it('counts a mutation with user errors as USER_ERROR, in the log too, and others by their error', async () => {
    const remove = 'mutation Remove($id: ID!) { deleteToken(input: { id: $id }) { userErrors { code } } }';
    await gateway.query(remove, { id: 'missing' });
    await gateway.query(remove, { id: '..' });
    await gateway.query(remove, { id: 'missing' }, { authorization: '' });
    const both =
      'mutation Both { a: deleteToken(input: { id: "missing" }) { deletedTokenId } b: __typename }';
    await gateway.query(both);
    const text = await gateway.metrics();
    for (const line of [
      'tokens_gateway_operations_total{operation="Remove",code="USER_ERROR"} 2',
      'tokens_gateway_operations_total{operation="Remove",code="UNAUTHENTICATED"} 1',
      'tokens_gateway_operations_total{operation="Both",code="USER_ERROR"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(gateway.log()).toMatch(/"operation":"Remove".*"code":"USER_ERROR"/);
  });

  const leave = async (query: string) => {
    gateway.forgetCalls();
    const client = new AbortController();
    const left = fetch(gateway.url, {
      method: 'POST',
      headers: { authorization: 'Bearer demo', 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal: client.signal,
    });
    await until(() => gateway.calls().length > 0);
    client.abort();
    await expect(left).rejects.toThrow();
  };

  it('counts a mutation whose client has left before its write was sent like such a query', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'getToken', times: 1 });
    await leave(
      'mutation LeftWrite { updateToken(input: { id: "x", authenticationMethod: { type: PRIVATE_KEY } }) { token { id } } }',
    );
    await until(async () => (await gateway.metrics()).includes('operation="LeftWrite"'));
    expect(await gateway.metrics()).toContain('operations_total{operation="LeftWrite",code="ABORTED"} 1\n');
    expect(gateway.calls()).toEqual(['GET /v1/tokens/x']);
  });

  it('counts a query whose client has left, and logs it, since IAM may be slow', async () => {
    gateway.emulator.faults.add({ fault: 'hang', operation: 'listToken', times: 1 });
    await leave('query Left { tokens(first: 7) { nodes { id } } }');
    let text = '';
    await until(async () => {
      text = await gateway.metrics();
      return text.includes('operation="Left"');
    });
    for (const line of [
      'tokens_gateway_operations_total{operation="Left",code="ABORTED"} 1',
      'tokens_gateway_operation_duration_seconds_count{operation="Left"} 1',
      'tokens_gateway_upstream_calls_total{operation="listToken",status="aborted",attempt="1"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(gateway.log()).toMatch(/"principal":"[0-9a-f]{12}".*"operation":"Left".*"code":"ABORTED"/);
  });

  it('counts a read that ends with the time of its request as a timeout', async () => {
    const hasty = await startGateway({ env: { ADMIN_PORT: '0', REQUEST_DEADLINE_MS: '1000' } });
    try {
      hasty.emulator.faults.add({ fault: 'hang', operation: 'listToken' });
      const { data } = await hasty.query('{ tokens { nodes { id } } }');
      expect(data).toEqual({ tokens: null });
      expect(await hasty.metrics()).toContain(
        'tokens_gateway_upstream_calls_total{operation="listToken",status="timeout",attempt="1"} 1\n',
      );
      // From the head of the request on.
      expect(hasty.log()).toMatch(/"durationMs":[1-9]\d{3},/);
    } finally {
      await hasty.close();
    }
  });

  it('has latency buckets from half a millisecond', async () => {
    await gateway.query('query Quick { __typename }');
    const text = await gateway.metrics();
    for (const name of ['operation', 'upstream_call', 'http_response'])
      expect(text).toMatch(new RegExp(`tokens_gateway_${name}_duration_seconds_bucket{[^}]*le="0.0005"`));
  });

  it('names the version and the commit', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const labels = `version="${version}",revision="[^"]+",node="${process.versions.node}"`;
    expect(await gateway.metrics()).toMatch(new RegExp(`^tokens_gateway_build_info{${labels}} 1$`, 'm'));
    const ready = await fetch(`${gateway.adminOrigin}/readyz`);
    expect(await ready.text()).toContain(`\nversion: ${version}\n`);
  });

  it('has at most a hundred names of operations, however many clients send', async () => {
    for (let index = 0; index < 120; index++) await gateway.query(`query Name${index} { __typename }`);
    const text = await gateway.metrics();
    const names = new Set([...text.matchAll(/operations_total\{operation="(\w+)"/g)].map(([, name]) => name));
    expect(names.size).toBe(102);
    expect(text).toMatch(/operations_total\{operation="other",code="OK"\} 2\d\n/);
  });

  it('contains no caller, id, host or credential', async () => {
    expect(await gateway.metrics()).not.toMatch(/2a97516c354b|demo|127\.0\.0\.1|http:|missing|Bearer/);
  });
});

describe('An HTTP response', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(gateway.url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  const countOf = async (labels: string) =>
    Number(
      new RegExp(`^tokens_gateway_http_responses_total{${labels}} (\\d+)$`, 'm').exec(
        await gateway.metrics(),
      )?.[1] ?? 0,
    );

  it('to a request that names the whole URL is counted for its route', async () => {
    const labels = 'method="GET",route="/livez",status="2xx"';
    const before = await countOf(labels);
    expect((await sendRaw(gateway.origin, rawRequest('GET http://localhost/livez'))).status).toBe(200);
    expect(await countOf(labels)).toBe(before + 1);
  });

  it.each<[number, string, string, () => Promise<{ status: number }>]>([
    [
      404,
      'method="GET",route="other",status="4xx"',
      'nothing at this path',
      () => fetch(`${gateway.origin}/x`),
    ],
    [
      404,
      'method="other",route="other",status="4xx"',
      'nothing at this path',
      () => fetch(`${gateway.origin}/a/${'b'.repeat(90)}`, { method: 'PUT' }),
    ],
    [
      405,
      'method="other",route="/graphql",status="4xx"',
      'use GET, POST',
      () => fetch(gateway.url, { method: 'DELETE' }),
    ],
    [413, 'method="POST",route="/graphql",status="4xx"', 'too large', () => post(`"${'x'.repeat(300_000)}"`)],
    [
      415,
      'method="POST",route="/graphql",status="4xx"',
      'application/json',
      () => post('{}', { 'content-type': 'text/plain' }),
    ],
    [406, 'method="POST",route="/graphql",status="4xx"', 'Accept', () => post('{}', { accept: 'image/png' })],
    [400, 'method="POST",route="/graphql",status="4xx"', 'not valid JSON', () => post('{"query":')],
  ])('of %d is counted as %s, with a line in the log', async (status, labels, reason, send) => {
    const before = await countOf(labels);
    const logged = gateway.log().length;
    expect((await send()).status).toBe(status);
    expect(await countOf(labels)).toBe(before + 1);
    const [line = '{}'] = gateway
      .log()
      .slice(logged)
      .split('\n')
      .filter((text) => text.includes('request rejected'));
    expect(JSON.parse(line)).toMatchObject({
      status,
      reason: expect.stringContaining(reason),
      requestId: expect.any(String),
    });
  });

  it('to malformed HTTP is counted, with a line in the log', async () => {
    const labels = 'method="other",route="other",status="4xx"';
    const before = await countOf(labels);
    const logged = gateway.log().length;
    expect((await sendRaw(gateway.origin, 'GARBAGE\r\n\r\n')).status).toBe(400);
    expect(await countOf(labels)).toBe(before + 1);
    expect(gateway.log().slice(logged)).toMatch(
      /"status":400,"reason":"The request is malformed.".*request rejected/,
    );
  });

  it('whose client has left is not counted, and the log says so once', async () => {
    const labels = 'method="other",route="other",status="4xx"';
    const before = await countOf(labels);
    const logged = gateway.log().length;
    const rejections = () =>
      gateway
        .log()
        .slice(logged)
        .match(/.*request rejected/g) ?? [];
    const socket = await openConnection(gateway.origin);
    socket.end(rawRequest('POST /graphql', ['content-type: application/json', 'content-length: 9'], '{'));
    await until(() => rejections().length > 0);
    expect(rejections()).toEqual([expect.stringContaining('The client left before the end of its request.')]);
    expect(await countOf(labels)).toBe(before);
  });

  it('to an operation is counted once, with the log line of the operation only', async () => {
    const labels = 'method="POST",route="/graphql",status="2xx"';
    const before = await countOf(labels);
    const logged = gateway.log().length;
    await gateway.query('query Alone { __typename }');
    expect(await countOf(labels)).toBe(before + 1);
    expect(gateway.log().slice(logged)).not.toContain('request rejected');
  });

  it('of 429 is counted, and its operation in the log is RATE_LIMITED', async () => {
    const limited = await startGateway({
      env: { ADMIN_PORT: '0', RATE_LIMIT_PER_SECOND: '1', RATE_LIMIT_BURST: '1' },
    });
    try {
      await limited.query('{ __typename }');
      expect((await limited.query('{ __typename }')).status).toBe(429);
      const text = await limited.metrics();
      expect(text).toContain(
        'tokens_gateway_http_responses_total{method="POST",route="/graphql",status="4xx"} 1\n',
      );
      expect(text).toContain('tokens_gateway_http_response_duration_seconds_count{route="/graphql"} 2\n');
      expect(limited.log()).toContain('"code":"RATE_LIMITED"');
    } finally {
      await limited.close();
    }
  });
});
