import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    env: { ADMIN_PORT: '0', COMPILE_AFTER: '1', MAX_COMPILED_OPERATIONS: '10' },
  });
});
afterAll(() => gateway.close());

const read = async () => (await fetch(`${gateway.adminOrigin}/metrics`)).text();

describe('/metrics', () => {
  it('is on the admin listener only', async () => {
    expect((await fetch(`${gateway.origin}/metrics`)).status).toBe(404);
    const response = await fetch(`${gateway.adminOrigin}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  });

  it('counts documents, compiled operations, what was shared, and ids that a list answered', async () => {
    gateway.emulator.faults.add({ fault: 'latency-200', operation: 'listToken', times: 1 });
    const ids = gateway.emulator.tokensOf('demo').map(({ id }) => id);
    const document = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const variables = { ids: [...ids.slice(0, 4), 'missing'] };
    await Promise.all([gateway.query(document, variables), gateway.query(document, variables)]);
    await gateway.query(document, variables);
    const text = await read();
    for (const line of [
      'tokens_gateway_cache_requests_total{cache="documents",outcome="hit"} 1',
      'tokens_gateway_cache_requests_total{cache="documents",outcome="miss"} 1',
      'tokens_gateway_cache_requests_total{cache="compiled",outcome="hit"} 1',
      'tokens_gateway_cache_requests_total{cache="compiled",outcome="miss"} 1',
      'tokens_gateway_cache_entries{cache="documents"} 1',
      'tokens_gateway_work_total{kind="operation",outcome="started"} 2',
      'tokens_gateway_work_total{kind="operation",outcome="joined"} 1',
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
    const text = await read();
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

  it('has no more than a hundred names of operations, however many clients make up', async () => {
    for (let index = 0; index < 120; index++) await gateway.query(`query Name${index} { __typename }`);
    const text = await read();
    const names = new Set([...text.matchAll(/operations_total\{operation="(\w+)"/g)].map(([, name]) => name));
    expect(names.size).toBe(102);
    expect(text).toMatch(/operations_total\{operation="other",code="OK"\} 2\d\n/);
  });

  it('names no caller, id, host or credential', async () => {
    expect(await read()).not.toMatch(/2a97516c354b|demo|127\.0\.0\.1|http:|missing|Bearer/);
  });
});
