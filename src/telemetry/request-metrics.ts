import { Counter, type Metric, Registry } from 'prom-client';
import type { AttemptReport } from '../upstream/attempt.ts';
import { addSampled } from './metrics.ts';
import type { OperationRecord } from './operation-log.ts';

/** A response that was sent to its end. Method and route are from a fixed set. */
interface SentResponse {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** From the head of the request to the last byte of the response. Undefined where no request was read. */
  readonly ms: number | undefined;
}

/** Metrics that are counted as things happen. */
export type RequestMetrics = ReturnType<typeof createRequestMetrics>;

/** The value of the label `operation` where no name is known, and for names beyond `MAX_NAMES`. */
const ANONYMOUS = 'anonymous';
const OTHER = 'other';
const MAX_NAMES = 100;

/** No label holds a caller, an id or an address. */
export function createRequestMetrics() {
  const registry = new Registry();
  const counter = createCounter.bind(undefined, registry);
  const timer = createHistogram.bind(undefined, registry);
  const countOperation = counter('operations', 'GraphQL operations, by the first error', 'operation', 'code');
  const timeOperation = timer(
    'operation_duration',
    'From the head of a request to its response',
    'operation',
  );
  const callHelp = 'Attempts of calls to the IAM API';
  const countCall = counter('upstream_calls', callHelp, 'operation', 'status', 'attempt');
  const timeCall = timer('upstream_call_duration', 'One attempt of a call to the IAM API', 'operation');
  const countUntrusted = counter('untrusted_operations', 'Operations that are not trusted documents');
  const countSignIn = counter('sign_ins', 'Sign-ins of the gateway itself', 'outcome');
  const responseHelp = 'HTTP responses of the GraphQL listener, by status class';
  const countResponse = counter('http_responses', responseHelp, 'method', 'route', 'status');
  const timeResponse = timer(
    'http_response_duration',
    'From the head of an HTTP request to the last byte of its response',
    'route',
  );
  const limitName = createNameLimit();
  return {
    registry,
    onOperation(record: OperationRecord, ms: number) {
      const operation = limitName(record.operation ?? ANONYMOUS);
      countOperation(operation, record.code ?? 'OK');
      timeOperation(operation, ms / 1000);
      if (record.untrusted) countUntrusted();
    },
    onUpstreamCall({ operation, status, failure, attempt, durationMs }: AttemptReport) {
      countCall(operation, String(status ?? failure?.kind), String(attempt + 1));
      timeCall(operation, durationMs / 1000);
    },
    onResponse({ method, route, status, ms }: SentResponse) {
      countResponse(method, route, `${Math.floor(status / 100)}xx`);
      if (ms !== undefined) timeResponse(route, ms / 1000);
    },
    /** A sign-in of the gateway's own, in `pat` mode. */
    onSignIn: (outcome: 'ok' | 'failed') => countSignIn(outcome),
  };
}

/**
 * Clients choose the names of operations, and each name is a series of its own. The first hundred stay as they are;
 * further ones become `other`. The result for a name never changes, so that no counter falls.
 */
export function createNameLimit(): (name: string) => string {
  const names = new Set([ANONYMOUS, OTHER]);
  const max = names.size + MAX_NAMES;
  return (name) => {
    if (names.size < max) names.add(name);
    return names.has(name) ? name : OTHER;
  };
}

/*
 * Metrics of what happens several times in each request. prom-client checks, sorts and joins the labels of every
 * observation, which takes 2 % of the CPU of a small request. Here it gets the figures when they are read.
 */

/** Returns the function that counts. It takes the values of the labels, which hold no blanks, in the order of their names. */
function createCounter(registry: Registry, name: string, help: string, ...labelNames: readonly string[]) {
  const entries = new Map<string, { readonly values: readonly string[]; count: number }>();
  addSampled(Counter, registry, `${name}_total`, help, labelNames, () =>
    [...entries.values()].map(({ values, count }) => [count, ...values]),
  );
  return (...values: readonly string[]) => {
    const key = values.join(' ');
    const entry = entries.get(key) ?? { values, count: 0 };
    entries.set(key, entry);
    entry.count++;
  };
}

/** The upper ends of the buckets. */
const LIMITS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What was observed with one value of the label. A bucket counts the durations up to its limit. */
function createObserved() {
  const limits = [...LIMITS_SECONDS, Number.POSITIVE_INFINITY];
  return { sum: 0, buckets: limits.map((limit) => ({ limit, count: 0 })) };
}

/** Returns the function that observes a duration. It takes the value of the one label. */
function createHistogram(registry: Registry, name: string, help: string, label: string) {
  const fullName = `tokens_gateway_${name}_seconds`;
  const byValue = new Map<string, ReturnType<typeof createObserved>>();
  const get = async () => {
    const values = [...byValue].flatMap(([value, { sum, buckets }]) => {
      const labels = { [label]: value };
      return [
        ...buckets.map(({ limit, count }) => ({
          metricName: `${fullName}_bucket`,
          labels: { le: limit === Number.POSITIVE_INFINITY ? '+Inf' : limit, ...labels },
          value: count,
        })),
        { metricName: `${fullName}_sum`, labels, value: sum },
        { metricName: `${fullName}_count`, labels, value: buckets.at(-1)?.count },
      ];
    });
    return { name: fullName, help, type: 'histogram', aggregator: 'sum', values };
  };
  // The types of a registry require further members of a metric, but it does not use them.
  registry.registerMetric({ name: fullName, get } as unknown as Metric);
  return (value: string, seconds: number) => {
    const observed = byValue.get(value) ?? createObserved();
    byValue.set(value, observed);
    observed.sum += seconds;
    for (const bucket of observed.buckets) if (seconds <= bucket.limit) bucket.count++;
  };
}
