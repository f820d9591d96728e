import { Counter, type Metric } from 'prom-client';
import type { AttemptReport } from '../upstream/attempt.ts';
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
export interface RequestMetrics {
  onOperation(record: OperationRecord, ms: number): void;
  onUpstreamCall(report: AttemptReport): void;
  onResponse(response: SentResponse): void;
  /** A sign-in of the gateway's own, in `pat` mode. */
  onSignIn(outcome: 'ok' | 'failed'): void;
  readonly metrics: readonly Metric[];
}

/** The value of the label `operation` for requests without a name, and for names beyond `MAX_NAMES`. */
const ANONYMOUS = 'anonymous';
const OTHER = 'other';
const MAX_NAMES = 100;
const BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** No label holds a caller, an id or an address. */
export function createRequestMetrics(): RequestMetrics {
  const metrics: Metric[] = [];
  const counter = (name: string, help: string, labelNames: readonly string[] = []) => {
    const counts = createFastCounter(`tokens_gateway_${name}_total`, help, labelNames);
    metrics.push(counts.metric);
    return counts;
  };
  const histogram = (name: string, help: string, label: string) => {
    const times = createFastHistogram(`tokens_gateway_${name}_seconds`, help, label, BUCKETS_SECONDS);
    metrics.push(times.metric);
    return times;
  };
  const operations = counter('operations', 'GraphQL operations, by the first error', ['operation', 'code']);
  const operationSeconds = histogram(
    'operation_duration',
    'From the head of a request to its response',
    'operation',
  );
  const calls = counter('upstream_calls', 'Attempts of calls to the IAM API', [
    'operation',
    'status',
    'attempt',
  ]);
  const callSeconds = histogram(
    'upstream_call_duration',
    'One attempt of a call to the IAM API',
    'operation',
  );
  const untrusted = counter('untrusted_operations', 'Operations that are not trusted documents');
  const signIns = counter('sign_ins', 'Sign-ins of the gateway itself', ['outcome']);
  const responses = counter('http_responses', 'HTTP responses of the GraphQL listener, by status class', [
    'method',
    'route',
    'status',
  ]);
  const responseSeconds = histogram(
    'http_response_duration',
    'From the head of an HTTP request to the last byte of its response',
    'route',
  );
  const nameOf = createNames();
  return {
    metrics,
    onOperation(record, ms) {
      const operation = nameOf(record);
      operations.add(operation, record.code ?? 'OK');
      operationSeconds.observe(operation, ms / 1000);
      if (record.untrusted) untrusted.add();
    },
    onUpstreamCall({ operation, status, failure, attempt, durationMs }) {
      calls.add(operation, String(status ?? failure?.kind), String(attempt + 1));
      callSeconds.observe(operation, durationMs / 1000);
    },
    onResponse({ method, route, status, ms }) {
      responses.add(method, route, `${Math.floor(status / 100)}xx`);
      if (ms !== undefined) responseSeconds.observe(route, ms / 1000);
    },
    onSignIn: (outcome) => signIns.add(outcome),
  };
}

/** `anonymous` also for a request that was rejected before its operation was known. */
function createNames(): (record: OperationRecord) => string {
  const limitName = createNameLimit();
  return ({ operation, kind }) =>
    operation === undefined || kind === undefined ? ANONYMOUS : limitName(operation);
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
 * Metrics that every request and every upstream call change. prom-client checks, sorts and joins the labels of each
 * observation, which costs a request for one token a twentieth of its CPU. Here observations are plain numbers, and
 * prom-client gets them when somebody reads the metrics.
 */

/** Counts by the values of its labels, in the order of their names. */
interface FastCounter {
  add(...labelValues: string[]): void;
  readonly metric: Metric;
}

export function createFastCounter(name: string, help: string, labelNames: readonly string[]): FastCounter {
  const counts = new Map<string, { readonly labels: Record<string, string>; count: number }>();
  const metric = new Counter({
    name,
    help,
    labelNames,
    registers: [],
    collect() {
      this.reset();
      for (const { labels, count } of counts.values()) this.inc(labels, count);
    },
  });
  return {
    metric,
    add(...values) {
      const key = values.join(' ');
      let entry = counts.get(key);
      if (!entry) {
        const labels = Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? '']));
        entry = { labels, count: 0 };
        counts.set(key, entry);
      }
      entry.count++;
    },
  };
}

/** How long something took, by the value of its one label. */
interface FastHistogram {
  observe(labelValue: string, seconds: number): void;
  readonly metric: Metric;
}

interface Series {
  /** How many took at most as long as each bound, and longer than the one before; the last is for the rest. */
  readonly counts: number[];
  sum: number;
}

/** `bounds` in seconds, ascending. */
export function createFastHistogram(
  name: string,
  help: string,
  label: string,
  bounds: readonly number[],
): FastHistogram {
  const byLabel = new Map<string, Series>();
  const toValues = ([value, { counts, sum }]: [string, Series]) => {
    let count = 0;
    const buckets = [...bounds, '+Inf'].map((le, index) => {
      count += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { [label]: value, le }, value: count };
    });
    const labels = { [label]: value };
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  };
  const read = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [...byLabel].flatMap(toValues),
  });
  return {
    // What a registry uses of a metric. It reads metrics in two ways.
    metric: { name, get: read, getForPromString: read } as unknown as Metric,
    observe(value, seconds) {
      let series = byLabel.get(value);
      if (!series) {
        series = { counts: Array(bounds.length + 1).fill(0), sum: 0 };
        byLabel.set(value, series);
      }
      let index = 0;
      while (index < bounds.length && seconds > (bounds[index] as number)) index++;
      series.counts[index] = (series.counts[index] ?? 0) + 1;
      series.sum += seconds;
    },
  };
}
