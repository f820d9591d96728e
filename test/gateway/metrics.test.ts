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

  it('names no caller, id, host or credential', async () => {
    expect(await read()).not.toMatch(/2a97516c354b|demo|127\.0\.0\.1|http:|missing|Bearer/);
  });
});
