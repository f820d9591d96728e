import { describe, expect, it } from '@jest/globals';
import { post, shareGateway, startGateway } from '../support/gateway.ts';
import { together } from '../support/together.ts';

const NESTED = '{ tokens(first: 2) { nodes { projects(first: 1) { nodes { id } } } } }';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
const EXPLAIN = { 'x-explain': '1' };

const gateway = shareGateway({ env: { ADMIN_PORT: '0' } });

const explain = async (query: string, headers: Record<string, string> = {}) => {
  const { text } = await gateway.query(query, {}, { ...EXPLAIN, ...headers });
  return JSON.parse(text).extensions?.upstream;
};

describe('A developer who sends X-Explain: 1', () => {
  it('shows the upstream calls of the request', async () => {
    const upstream = await explain(NESTED);
    expect(upstream).toMatchObject({ calls: 3, pages: 3, traceIds: [] });
    expect(upstream.details.map(({ operation }: { operation: string }) => operation)).toEqual([
      'listToken',
      'listProjectsOfToken',
      'listProjectsOfToken',
    ]);
    expect(upstream.details[0]).toMatchObject({ attempt: 1, status: 200, failure: null, traceId: null });
    const { startMs, ms } = upstream.details[2];
    expect(upstream.ms).toBeGreaterThanOrEqual(ms);
    expect(startMs).toBeGreaterThanOrEqual(upstream.details[0].ms);
    expect(gateway.calls()).toHaveLength(3);
  });

  it('sees every attempt, and the trace that they are part of', async () => {
    gateway.emulator.faults.add({ fault: 'status-503', operation: 'listToken', times: 1 });
    const upstream = await explain('{ tokens(first: 1) { nodes { id } } }', TRACEPARENT);
    expect(upstream.calls).toBe(2);
    expect(upstream.pages).toBe(1);
    expect(upstream.traceIds).toContain(TRACE);
    expect(upstream.details).toMatchObject([
      { attempt: 1, status: 503, failure: 'status' },
      { attempt: 2, status: 200, failure: null, traceId: TRACE },
    ]);
  });

  it('shows that an operation made no upstream call', async () => {
    expect(await explain('{ __typename }')).toEqual({ calls: 0, pages: 0, ms: 0, traceIds: [], details: [] });
  });

  it('does not share the work of an identical request', async () => {
    gateway.emulator.faults.add({ fault: 'latency-200', operation: 'listToken' });
    const [explained, plain] = await Promise.all([explain(NESTED), gateway.query(NESTED, {})]);
    expect(explained.calls).toBeGreaterThan(0);
    expect(plain.text).not.toContain('extensions');
  });

  it('gets no explanation where introspection is off, or without the header', async () => {
    expect((await gateway.query(NESTED)).text).not.toContain('extensions');
    const closed = await startGateway({ env: { EXPLORER: 'off' }, emulatorOf: gateway });
    const { text } = await post(closed.url, { query: NESTED }, { authorization: 'Bearer demo', ...EXPLAIN });
    expect(text).not.toContain('extensions');
    await closed.close();
  });
});

describe('The log line of an operation', () => {
  const lineOf = (id: string) => gateway.linesWith(`"requestId":"${id}"`, '"msg":"operation"')[0];

  it('has the number of upstream calls and the id of its trace', async () => {
    await gateway.query(`query Nested ${NESTED}`, {}, { 'x-request-id': 'nested-1', ...TRACEPARENT });
    expect(lineOf('nested-1')).toMatchObject({
      operation: 'Nested',
      kind: 'query',
      code: 'OK',
      upstreamCalls: 3,
      traceId: TRACE,
    });
  });

  it('says that another request did the work', async () => {
    await together(
      gateway,
      ['first', 'second'].map((id) => () => gateway.query(NESTED, {}, { 'x-request-id': id })),
    );
    const lines = [lineOf('first'), lineOf('second')];
    expect(lines.map(({ upstreamCalls }) => upstreamCalls).sort()).toEqual([0, 3]);
    expect(lines.filter(({ coalesced }) => coalesced)).toHaveLength(1);
  });

  it('has no trace id from a malformed header', async () => {
    await gateway.query(NESTED, {}, { 'x-request-id': 'bad-trace', traceparent: 'Bearer secret' });
    expect(lineOf('bad-trace')).not.toHaveProperty('traceId');
    expect(gateway.log()).not.toContain('Bearer secret');
  });
});
