import type { IncomingHttpHeaders } from 'node:http';
import {
  type Context,
  DiagLogLevel,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import {
  getNumberFromEnv,
  getStringFromEnv,
  parseKeyPairsIntoRecord,
  setGlobalErrorHandler,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { FastifyBaseLogger } from 'fastify';
import type { AttemptReport, CallObserver } from '../upstream/attempt.ts';
import { createWarnLimit } from './failures.ts';
import type { OperationRecord } from './operation-log.ts';

/** OpenTelemetry's own variables configure where traces go and how many are sampled. */
export type Tracing = ReturnType<typeof createTracing>;

const CLOSING_MS = 1000;

/**
 * Spans by the semantic conventions of GraphQL and HTTP. No attribute holds a document, a variable, an id, a path or a
 * caller. Exporter and sampler read the environment, by the names of the OpenTelemetry specification.
 */
export function createTracing(log: FastifyBaseLogger) {
  const mayWarn = createWarnLimit();
  // Called after each batch that failed. OpenTelemetry itself would print a stack.
  const warn = (error: unknown) => {
    const cause = causeOf(error);
    if (mayWarn(String(cause))) log.warn({ cause }, 'traces could not be sent');
  };
  setGlobalErrorHandler(warn);
  // OpenTelemetry replaces an invalid value by the default, and reports it when it reads the variable.
  const report = (problem: string) => log.warn({ problem }, 'a variable of OpenTelemetry is not valid');
  const ignore = () => {};
  // OpenTelemetry leaves out all resource attributes if one cannot be parsed, and reports it only at this level.
  const debug = (message: string) => message.startsWith('EnvDetector failed') && report(message);
  diag.setLogger({ error: report, warn: report, info: ignore, debug, verbose: ignore }, DiagLogLevel.DEBUG);
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'tokens-gateway' }))
    .merge(detectResources({ detectors: [envDetector] }));
  for (const name of HEADERS)
    if (!areHeaders(getStringFromEnv(name) ?? '')) report(`Expected ${name} to be a list of name=value`);
  // With less than one span in a batch, OpenTelemetry would send empty batches in an endless loop.
  const atLeastOne = (name: string, fallback: number) => {
    const value = getNumberFromEnv(name) ?? fallback;
    if (value >= 1) return value;
    report(`Expected ${name} to be at least 1, got ${value}: ${fallback} is used`);
    return fallback;
  };
  const processor = new BatchSpanProcessor(new OTLPTraceExporter(), {
    maxExportBatchSize: atLeastOne('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
    maxQueueSize: atLeastOne('OTEL_BSP_MAX_QUEUE_SIZE', 2048),
  });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  // From now on OpenTelemetry would only report failed exports, with the receiver's address. `warn` reports them without
  // it.
  diag.disable();
  const tracer = provider.getTracer('tokens-gateway');
  const propagator = new W3CTraceContextPropagator();
  const startCall = (
    { operation, method }: Parameters<CallObserver>[0],
    attempt: number,
    parent: Context,
  ): ReturnType<CallObserver> => {
    const attributes = {
      'http.request.method': method,
      'tokens_gateway.upstream.operation': operation,
      ...(attempt > 0 ? { 'http.request.resend_count': attempt } : {}),
    };
    const span = tracer.startSpan(operation, { kind: SpanKind.CLIENT, attributes }, parent);
    const headers: Record<string, string> = {};
    propagator.inject(trace.setSpan(parent, span), headers, defaultTextMapSetter);
    return { headers, end: (outcome) => endCall(span, outcome) };
  };
  return {
    /** Starts the span of one operation, in the trace of the client's headers. */
    start(headers: IncomingHttpHeaders) {
      const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const span = tracer.startSpan('GraphQL Operation', { kind: SpanKind.SERVER }, parent);
      const context = trace.setSpan(parent, span);
      return {
        traceId: span.spanContext().traceId,
        /** Makes a span of every upstream call, and sends the span's context with the call. */
        observer: ((call, attempt) => startCall(call, attempt, context)) satisfies CallObserver,
        end: (record: OperationRecord) => endOperation(span, record),
      };
    },
    /** Sends the remaining traces, for at most a second. Never rejects. */
    async close() {
      const limit = new Promise((resolve) => setTimeout(resolve, CLOSING_MS).unref());
      // A collector that rejects the last traces must not change the exit code.
      const sent = provider.shutdown().catch(warn);
      await Promise.race([sent, limit]);
    },
  };
}

const HEADERS = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];

/** OpenTelemetry leaves out what is not a header, and does not report it. */
function areHeaders(list: string): boolean {
  const entries = list.split(',').filter((entry) => entry.trim() !== '');
  return entries.every((entry) => Object.keys(parseKeyPairsIntoRecord(entry)).length > 0);
}

/**
 * The status of the receiver's response, or the code of Node.js for a failed connection, whose message has the address.
 * Other errors are the exporter's own ("Request timed out") and have only a message, without values.
 */
function causeOf(error: unknown): unknown {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return code ?? message;
}

function endCall(span: Span, { status, failure }: AttemptReport): void {
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  if (failure) fail(span, status === undefined ? failure.kind : String(status));
  span.end();
}

function endOperation(
  span: Span,
  { operation, kind, document, code, coalesced, upstreamCalls }: OperationRecord,
): void {
  if (kind !== undefined) span.updateName(operation === undefined ? kind : `${kind} ${operation}`);
  span.setAttributes({
    'graphql.operation.type': kind,
    'graphql.operation.name': operation,
    'graphql.document.hash': document,
    'tokens_gateway.coalesced': coalesced,
    'tokens_gateway.upstream.calls': upstreamCalls,
  });
  // User errors are data: the operation itself succeeded.
  if (code !== undefined && code !== 'OK' && code !== 'USER_ERROR') fail(span, code);
  span.end();
}

/** Sets no message, because `error.type` has the code. */
function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
