import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Build } from './build.ts';

type Counts<Name extends string> = Readonly<Record<Name, number>>;

/** The figures that are read for each scrape, so that counting costs a request next to nothing. */
interface Figures {
  readonly caches: Readonly<Record<string, Counts<'hits' | 'misses' | 'size'>>>;
  readonly singleFlights: Readonly<Record<string, Counts<'started' | 'coalesced'>>>;
  readonly listPrefetch: Counts<'hits' | 'misses'>;
  /** GraphQL requests in flight, and those that were rejected because the process had too many. */
  readonly load: Counts<'inFlight' | 'shed'>;
  readonly connections: Counts<'max' | 'open' | 'evicted' | 'late' | 'rejected'>;
  readonly droppedLogLines: number;
  /** How often Redis did not serve a use, or a probe. Undefined: there is no Redis. */
  readonly redisFailures: Counts<string> | undefined;
}

/** A value, and those of its labels in the order of their names. */
type Reading = readonly [value: number, ...labels: readonly string[]];

const DROPPED_LINES = 'Log lines that were dropped because stdout could not take them';

/** Adds the metrics that are read for each scrape. No label holds a caller, an id or an address. */
export function addMetrics(registry: Registry, build: Build, read: () => Figures): void {
  addBuild(registry, build);
  collectDefaultMetrics({ register: registry });
  const count = addSampled.bind(undefined, Counter, registry);
  const gauge = addSampled.bind(undefined, Gauge, registry);

  count('cache_requests_total', 'Look-ups in a cache of documents', ['cache', 'outcome'], () =>
    Object.entries(read().caches).flatMap(([cache, { hits, misses }]) =>
      toReadings({ hit: hits, miss: misses }, cache),
    ),
  );
  gauge('cache_entries', 'Entries of a cache of documents', ['cache'], () =>
    Object.entries(read().caches).map(([cache, { size }]) => [size, cache]),
  );
  const workHelp = 'Reads and query operations: started, or coalesced with one in flight';
  count('work_total', workHelp, ['kind', 'outcome'], () =>
    Object.entries(read().singleFlights).flatMap(([kind, { started, coalesced }]) =>
      toReadings({ started, coalesced }, kind),
    ),
  );
  const idsHelp = 'Ids that were looked up in a list: found there, or requested by single calls';
  count('list_first_ids_total', idsHelp, ['outcome'], () => {
    const { hits, misses } = read().listPrefetch;
    return toReadings({ hit: hits, miss: misses });
  });
  const shedHelp = 'Requests that were rejected because the process had too many';
  gauge('in_flight', 'GraphQL requests in flight', [], () => [[read().load.inFlight]]);
  count('shed_total', shedHelp, [], () => [[read().load.shed]]);
  count('log_lines_dropped_total', DROPPED_LINES, [], () => [[read().droppedLogLines]]);
  const maxHelp = 'Client connections that may be open at once';
  gauge('client_connections', 'Open client connections', [], () => [[read().connections.open]]);
  gauge('client_connections_max', maxHelp, [], () => [[read().connections.max]]);
  count('client_connections_closed_total', 'Client connections closed because of the limit', ['why'], () => {
    const { evicted, late, rejected } = read().connections;
    return toReadings({ idle: evicted, late, rejected });
  });
  if (read().redisFailures)
    count('state_fallbacks_total', 'Uses and probes that Redis did not serve', ['use'], () =>
      toReadings(read().redisFailures ?? {}),
    );
}

/** The counts by the last label of a metric; `labels` are the values of the others. */
function toReadings(counts: Counts<string>, ...labels: readonly string[]): Reading[] {
  return Object.entries(counts).map(([label, count]) => [count, ...labels, label]);
}

/** Adds a metric that is read for each scrape. */
export function addSampled(
  Kind: typeof Counter | typeof Gauge,
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => readonly Reading[],
): void {
  new Kind({
    name: `tokens_gateway_${name}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, ...labels] of read()) this.labels(...labels).inc(value);
    },
  });
}

/**
 * Metrics of a primary process, beside the sum of its workers'. `shared` has the metrics that the workers have too; they
 * are added to the workers' sum.
 */
export function createPrimaryMetrics(build: Build, droppedLogLines: () => number) {
  const registry = new Registry();
  const registers = [registry];
  addBuild(registry, build);
  const help = 'Start time of the primary process, in seconds since the Unix epoch';
  new Gauge({ name: 'process_start_time_seconds', help, registers }).set(
    Math.round(performance.timeOrigin / 1000),
  );
  const restarts = new Counter({
    name: 'tokens_gateway_worker_restarts_total',
    help: 'Workers that ended without being stopped, and were replaced',
    registers,
  });
  const shared = new Registry();
  addSampled(Counter, shared, 'log_lines_dropped_total', DROPPED_LINES, [], () => [[droppedLogLines()]]);
  return { registry, shared, onWorkerRestart: () => restarts.inc() };
}

function addBuild(registry: Registry, { version, revision, node }: Build): void {
  new Gauge({
    name: 'tokens_gateway_build_info',
    help: 'Always 1. The labels name the build',
    labelNames: ['version', 'revision', 'node'],
    registers: [registry],
    // Workers and their primary process run the same build.
    aggregator: 'omit',
  }).set({ version, revision, node }, 1);
}
