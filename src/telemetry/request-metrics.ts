import { Counter, Histogram, Registry } from 'prom-client';
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
export type RequestMetrics = ReturnType<typeof createRequestMetrics>;

/** The value of the label `operation` where no name is known, and for names beyond `MAX_NAMES`. */
const ANONYMOUS = 'anonymous';
const OTHER = 'other';
const MAX_NAMES = 100;
const BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Observations that wait at most until they are counted. */
const BATCH = 100;

/** No label holds a caller, an id or an address. */
export function createRequestMetrics() {
  const registry = new Registry();
  // prom-client takes 3 us for the observations of a request when it counts many in a row, and 10 to 14 us between other
  // work. So they wait, until there are enough or until somebody reads the metrics.
  const waiting: (() => void)[] = [];
  const countWaiting = () => {
    for (const count of waiting.splice(0)) count();
  };
  const later = (count: () => void) => {
    if (waiting.push(count) >= BATCH) countWaiting();
  };
  const common = { registers: [registry], collect: countWaiting };
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `tokens_gateway_${name}_total`, help, labelNames, ...common });
  const histogram = <Label extends string>(name: string, help: string, label: Label) => {
    const options = { help, labelNames: [label], buckets: BUCKETS_SECONDS, ...common };
    return new Histogram({ name: `tokens_gateway_${name}_seconds`, ...options });
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
  const limitName = createNameLimit();
  return {
    /** Has all of these metrics. */
    registry,
    onOperation(record: OperationRecord, ms: number) {
      const operation = limitName(record.operation ?? ANONYMOUS);
      const { code = 'OK', untrusted: isUntrusted } = record;
      later(() => {
        operations.inc({ operation, code });
        operationSeconds.observe({ operation }, ms / 1000);
        if (isUntrusted) untrusted.inc();
      });
    },
    onUpstreamCall({ operation, status, failure, attempt, durationMs }: AttemptReport) {
      const result = String(status ?? failure?.kind);
      later(() => {
        calls.inc({ operation, status: result, attempt: String(attempt + 1) });
        callSeconds.observe({ operation }, durationMs / 1000);
      });
    },
    onResponse({ method, route, status, ms }: SentResponse) {
      later(() => {
        responses.inc({ method, route, status: `${Math.floor(status / 100)}xx` });
        if (ms !== undefined) responseSeconds.observe({ route }, ms / 1000);
      });
    },
    /** A sign-in of the gateway's own, in `pat` mode. */
    onSignIn: (outcome: 'ok' | 'failed') => signIns.inc({ outcome }),
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
