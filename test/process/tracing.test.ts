import { createServer, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts';
import { post } from '../support/gateway.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { timed } from '../support/stopwatch.ts';
import { listen } from '../support/tcp-servers.ts';
import { until, within } from '../support/until.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const TRACED = {
  authorization: 'Bearer demo',
  traceparent: `00-${TRACE}-${PARENT}-01`,
  tracestate: 'team=a',
};
const NESTED = 'query Nested { tokens(first: 2) { nodes { name projects(first: 1) { nodes { id } } } } }';

let emulator: Emulator;
let receiver: OtlpReceiver;
let gateway: GatewayProcess;
let url: string;

beforeAll(async () => {
  [emulator, receiver] = await Promise.all([startEmulator({ port: 0 }), startOtlpReceiver()]);
  gateway = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  url = await gateway.listening();
});
afterAll(async () => {
  await gateway.kill();
  await Promise.all([emulator.close(), receiver.close()]);
});
beforeEach(() => {
  receiver.spans.length = 0;
  emulator.resetCalls();
  emulator.faults.clear();
});

/** An operation's span ends after those of its calls. */
const operationSpans = () => receiver.spans.filter(({ kind }) => kind === 2);
const operationSpan = () => until(() => operationSpans()[0]);
const callSpans = () => receiver.spans.filter(({ kind }) => kind === 3);

describe('A traced gateway', () => {
  it('makes one span of an operation, in the trace of its caller, and one of each upstream call', async () => {
    await post(url, { query: NESTED }, TRACED);
    const operation = await operationSpan();
    expect(operation).toMatchObject({
      name: 'query Nested',
      traceId: TRACE,
      parentSpanId: PARENT,
      status: 0,
    });
    expect(operation.attributes).toMatchObject({
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Nested',
      'tokens_gateway.upstream.calls': 3,
    });
    expect(callSpans().map(({ name }) => name)).toEqual([
      'listToken',
      'listProjectsOfToken',
      'listProjectsOfToken',
    ]);
    for (const { traceId, parentSpanId, attributes } of callSpans()) {
      expect({ traceId, parentSpanId }).toEqual({ traceId: TRACE, parentSpanId: operation.spanId });
      expect(attributes).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 200 });
    }
    expect(receiver.spans).toHaveLength(4);
  });

  it('sends the context of each call to the IAM API', async () => {
    await post(url, { query: NESTED }, TRACED);
    await operationSpan();
    const sent = emulator.calls.map(({ headers }) => headers.traceparent);
    const made = callSpans().map(({ spanId }) => `00-${TRACE}-${spanId}-01`);
    expect([...sent].sort()).toEqual([...made].sort());
    expect(emulator.calls.map(({ headers }) => headers.tracestate)).toEqual(['team=a', 'team=a', 'team=a']);
  });

  it('begins a trace where there is none, and names it in the log', async () => {
    await post(url, { query: NESTED }, { authorization: 'Bearer demo', 'x-request-id': 'new-trace' });
    const { traceId, parentSpanId } = await operationSpan();
    expect(traceId).toMatch(/^[\da-f]{32}$/);
    expect(parentSpanId).toBe('');
    await gateway.until(new RegExp(`"requestId":"new-trace","traceId":"${traceId}"`));
  });

  it('makes no spans if the caller decided so', async () => {
    await post(url, { query: NESTED }, { ...TRACED, traceparent: `00-${TRACE}-${PARENT}-00` });
    await post(url, { query: '{ __typename }' }, TRACED);
    expect((await operationSpan()).name).toBe('query');
    expect(receiver.spans).toHaveLength(1);
  });

  it('marks what failed, and every attempt', async () => {
    emulator.faults.add({ fault: 'status-503', operation: 'getToken', times: 1 });
    await post(url, { query: 'query One { token(id: "missing") { id } }' }, TRACED);
    await operationSpan();
    expect(callSpans().map(({ status, attributes }) => [status, attributes])).toEqual([
      [2, expect.objectContaining({ 'http.response.status_code': 503, 'error.type': '503' })],
      [2, expect.objectContaining({ 'http.response.status_code': 404, 'http.request.resend_count': 1 })],
    ]);
    receiver.spans.length = 0;
    await post(url, { query: NESTED }, { traceparent: TRACED.traceparent });
    expect(await operationSpan()).toMatchObject({
      status: 2,
      attributes: { 'error.type': 'UNAUTHENTICATED' },
    });
  });

  it('names the service, and nothing of callers, documents and data', async () => {
    await post(
      url,
      { query: 'query Q { token(id: "CANARY-ID") { name } }' },
      {
        ...TRACED,
        authorization: 'Bearer CANARY-CREDENTIAL',
      },
    );
    await post(url, { query: NESTED }, TRACED);
    await until(() => operationSpans().length === 2);
    expect(receiver.resource).toMatchObject({
      'service.name': 'tokens-gateway',
      'deployment.environment.name': 'test',
    });
    for (const secret of ['CANARY', 'Bearer', 'demo', 'billing-worker', 'tokens(first', '/v1/tokens'])
      expect(receiver.raw()).not.toContain(secret);
  });
});

it('Blanks and line ends around the variables of OpenTelemetry are ignored, as around all others', async () => {
  const other = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url} \r\n`,
    OTEL_BSP_SCHEDULE_DELAY: '50\r',
    OTEL_TRACES_SAMPLER: 'parentbased_always_on\r',
  });
  await post(await other.listening(), { query: NESTED }, TRACED);
  await operationSpan().finally(other.kill);
  expect(other.output()).not.toContain('OpenTelemetry');
});

it('A gateway whose variables of OpenTelemetry are not valid says so in the log, traces and ends', async () => {
  const variables = {
    OTEL_EXPORTER_OTLP_TIMEOUT: 'abc',
    OTEL_TRACES_SAMPLER: 'nonsense',
    OTEL_BSP_MAX_QUEUE_SIZE: 'abc',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '0',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization: Bearer receiver-key',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'brotli',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=production,team',
  };
  const other = startProcess({
    PORT: '0',
    API_GATEWAY_URL: emulator.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    ...variables,
  });
  const address = await other.listening();
  await post(address, { query: NESTED }, TRACED);
  // The end leaves a second for the last spans, in which a busy machine may not load and connect what sends the first.
  await until(() => receiver.spans.length === 4);
  await post(address, { query: NESTED }, TRACED);
  other.child.kill('SIGTERM');
  expect(await within(other.ended, () => 'the process ends').finally(other.kill)).toBe(0);
  expect(receiver.spans).toHaveLength(8);
  expect(other.output()).not.toContain('receiver-key');
  const warnings = other
    .output()
    .split('\n')
    .filter((line) => line.includes('a variable of OpenTelemetry is not valid'));
  for (const name of Object.keys(variables))
    expect(warnings).toContainEqual(expect.stringMatching(`"problem":".*\\b${name}\\b`));
});

describe('A gateway whose traces are not received', () => {
  let other: GatewayProcess;
  afterEach(() => other.kill());

  it.each([
    ['rejects', (response: ServerResponse) => response.writeHead(500).end()],
    ['does not answer', () => undefined],
  ])('ends with exit code 0, within three seconds, when the receiver %s', async (_title, respond) => {
    const away = createServer((request, response) => {
      request.resume().on('end', () => respond(response));
    });
    other = startProcess({
      PORT: '0',
      API_GATEWAY_URL: emulator.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listen(away)}`,
      // Nothing is sent before the end.
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    });
    const address = await other.listening();
    await post(address, { query: NESTED }, TRACED);
    other.child.kill('SIGTERM');
    await other.until(/shutting down/);
    const { value, ownMs } = await timed(other.ended, other.child.pid);
    expect(value).toBe(0);
    expect(ownMs).toBeLessThan(3000);
    away.closeAllConnections();
    away.close();
  });

  it('says in the log that the receiver is silent', async () => {
    const silent = createServer(() => undefined);
    const other = startProcess({
      PORT: '0',
      API_GATEWAY_URL: emulator.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listen(silent)}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    const address = await other.listening();
    await post(address, { query: NESTED }, TRACED);
    await other.until(/"cause":"Request timed out","msg":"traces could not be sent"/);
    other.child.kill('SIGTERM');
    await other.ended;
    silent.closeAllConnections();
    silent.close();
  });

  it('says once a minute in the log that the receiver rejects them', async () => {
    let batches = 0;
    const rejecting = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(500).end());
      batches++;
    });
    other = startProcess({
      PORT: '0',
      API_GATEWAY_URL: emulator.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listen(rejecting)}`,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    const address = await other.listening();
    const { ms } = await timed(
      until(async () => {
        await post(address, { query: NESTED }, TRACED);
        return batches >= 5;
      }),
    );
    other.child.kill('SIGTERM');
    expect(await other.ended).toBe(0);
    rejecting.close();
    const lines = other.output().match(/"cause":500,"msg":"traces could not be sent"/g) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(2 + ms / 60_000);
  });

  it('responds as usual, says so in the log, and ends in time', async () => {
    other = startProcess({
      PORT: '0',
      API_GATEWAY_URL: emulator.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    const address = await other.listening();
    expect((await post(address, { query: NESTED }, TRACED)).status).toBe(200);
    // On a busy machine the time for sending may be over before the connection is refused.
    await until(async () => {
      await post(address, { query: NESTED }, TRACED);
      return other.output().includes('"cause":"ECONNREFUSED","msg":"traces could not be sent"');
    }, 100);
    other.child.kill('SIGTERM');
    expect(await other.ended).toBe(0);
    expect(other.output()).not.toContain('127.0.0.1:9');
  });
});
