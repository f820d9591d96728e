import type { Metric } from 'prom-client';
import { createDurations, createTally, type Durations, type Tally } from './counters.ts';
import type { OperationRecord } from './operation-log.ts';

/** One attempt of an upstream call. */
interface CallReport {
  readonly operation: string;
  readonly attempt: number;
  readonly status: number | undefined;
  readonly failure: { readonly kind: string } | undefined;
  readonly durationMs: number;
}

/** A response over HTTP. */
interface ResponseReport {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number | undefined;
}

/** Figures of what happens, to be told as it does. */
export interface Traffic {
  onOperation(record: OperationRecord, ms: number): void;
  onUpstreamCall(report: CallReport): void;
  onResponse(report: ResponseReport): void;
  /** A sign-in of the gateway's own, in `pat` mode. */
  onSignIn(outcome: 'ok' | 'failed'): void;
  readonly metrics: readonly Metric[];
}

/** Clients choose the names of operations, and each is a series of its own: those that come later are one. */
const MAX_NAMES = 100;
const BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** No label holds a caller, an id or an address. */
export function createTraffic(): Traffic {
  const operations = tally('operations', 'GraphQL operations, by the first error', ['operation', 'code']);
  const seconds = durations('operation_duration', 'From the head of a request to its answer');
  const calls = tally('upstream_calls', 'Attempts of calls to the IAM API', [
    'operation',
    'status',
    'attempt',
  ]);
  const callSeconds = durations('upstream_call_duration', 'One attempt of a call to the IAM API');
  const untrusted = tally('untrusted_operations', 'Operations that are not trusted documents', []);
  const signIns = tally('sign_ins', 'Sign-ins of the gateway itself', ['outcome']);
  const responses = tally('http_responses', 'HTTP responses of the GraphQL listener, by status class', [
    'method',
    'route',
    'status',
  ]);
  const responseSeconds = createDurations(
    'tokens_gateway_http_response_duration_seconds',
    'From the head of an HTTP request to the last byte of its response',
    'route',
    BUCKETS_SECONDS,
  );
  const nameOf = createNames();
  return {
    metrics: [operations, seconds, calls, callSeconds, signIns, untrusted, responses, responseSeconds].map(
      ({ metric }) => metric,
    ),
    onOperation(record, ms) {
      const operation = nameOf(record);
      operations.add(operation, record.code ?? 'OK');
      seconds.observe(operation, ms / 1000);
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

/** `anonymous` without a name, and for whatever was refused before it was known what it is. */
function createNames(): (record: OperationRecord) => string {
  const names = new Set<string>();
  return ({ operation, kind }) => {
    if (operation === undefined || kind === undefined) return 'anonymous';
    if (names.size < MAX_NAMES) names.add(operation);
    return names.has(operation) ? operation : 'other';
  };
}

function tally(name: string, help: string, labelNames: readonly string[]): Tally {
  return createTally(`tokens_gateway_${name}_total`, help, labelNames);
}

function durations(name: string, help: string): Durations {
  return createDurations(`tokens_gateway_${name}_seconds`, help, 'operation', BUCKETS_SECONDS);
}
