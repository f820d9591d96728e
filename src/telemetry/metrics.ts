import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { Build } from './build.ts';

interface Cache {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
}

interface Sharing {
  readonly started: number;
  readonly coalesced: number;
}

/** Where the figures are counted. They are read when somebody asks for them: counting costs a request next to nothing. */
export interface MetricSources {
  readonly caches: Readonly<Record<string, () => Cache>>;
  readonly sharing: Readonly<Record<string, () => Sharing>>;
  /** By what the memory of this process was used for while Redis was away. Undefined: there is no Redis. */
  readonly stateFallbacks?: Readonly<Record<string, number>> | undefined;
  readonly listFirst: () => { readonly hits: number; readonly misses: number };
  /** GraphQL requests under way, and those that were turned away because the process had too many. */
  readonly load: () => { readonly inFlight: number; readonly shed: number };
  /** Lines that could not be written to the log. */
  readonly droppedLogLines?: (() => number) | undefined;
  /** Connections of clients to the GraphQL listener. */
  readonly connections: {
    readonly max: number;
    counts(): { readonly open: number; readonly evicted: number; readonly rejected: number };
  };
  /** Metrics that count by themselves. */
  readonly traffic: readonly Metric[];
  readonly build: Build;
}

/** All metrics of this process. No label holds a caller, an id or an address. */
export function createRegistry({
  caches,
  sharing,
  listFirst,
  load,
  stateFallbacks,
  droppedLogLines,
  connections,
  traffic,
  build,
}: MetricSources): Registry {
  const registry = new Registry();
  addBuild(registry, build);
  collectDefaultMetrics({ register: registry });
  for (const metric of traffic) registry.registerMetric(metric);
  const count = (name: string, help: string, labelNames: string[], read: () => Reading[]) =>
    new Counter({
      name: `tokens_gateway_${name}_total`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.inc(labels, value);
      },
    });

  count('cache_requests', 'Look-ups in a cache of documents', ['cache', 'outcome'], () =>
    Object.entries(caches).flatMap(([cache, read]) => {
      const { hits, misses } = read();
      return [
        { labels: { cache, outcome: 'hit' }, value: hits },
        { labels: { cache, outcome: 'miss' }, value: misses },
      ];
    }),
  );
  new Gauge({
    name: 'tokens_gateway_cache_entries',
    help: 'Entries of a cache of documents',
    labelNames: ['cache'],
    registers: [registry],
    collect() {
      for (const [cache, read] of Object.entries(caches)) this.set({ cache }, read().size);
    },
  });
  count(
    'work',
    'Reads and query operations: carried out, or answered along with another',
    ['kind', 'outcome'],
    () =>
      Object.entries(sharing).flatMap(([kind, read]) => {
        const { started, coalesced } = read();
        return [
          { labels: { kind, outcome: 'started' }, value: started },
          { labels: { kind, outcome: 'coalesced' }, value: coalesced },
        ];
      }),
  );
  count(
    'list_first_ids',
    'Ids that were looked for in a list: found there, or asked for one by one',
    ['outcome'],
    () => {
      const { hits, misses } = listFirst();
      return [
        { labels: { outcome: 'hit' }, value: hits },
        { labels: { outcome: 'miss' }, value: misses },
      ];
    },
  );

  new Gauge({
    name: 'tokens_gateway_in_flight',
    help: 'GraphQL requests under way',
    registers: [registry],
    collect() {
      this.set(load().inFlight);
    },
  });
  count('shed', 'Requests that were turned away because the process had too many', [], () => [
    { labels: {}, value: load().shed },
  ]);

  count('log_lines_dropped', 'Log lines that were dropped because stdout could not take them', [], () => [
    { labels: {}, value: droppedLogLines?.() ?? 0 },
  ]);
  countConnections(registry, count, connections);
  if (stateFallbacks)
    count('state_fallbacks', 'Uses of memory while Redis was away', ['use'], () =>
      Object.entries(stateFallbacks).map(([use, value]) => ({ labels: { use }, value })),
    );

  return registry;
}

function countConnections(
  registry: Registry,
  count: (name: string, help: string, labelNames: string[], read: () => Reading[]) => void,
  { max, counts }: MetricSources['connections'],
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `tokens_gateway_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('client_connections', 'Open client connections', () => counts().open);
  gauge('client_connections_max', 'Client connections that may be open at once', () => max);
  count('client_connections_closed', 'Client connections closed for want of room', ['why'], () => [
    { labels: { why: 'idle' }, value: counts().evicted },
    { labels: { why: 'rejected' }, value: counts().rejected },
  ]);
}

/** `/metrics` in the text format of Prometheus. */
export function serveMetrics(app: FastifyInstance, read: () => Promise<string>): void {
  app.get('/metrics', async (_request, reply) =>
    reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await read()),
  );
}

/** Metrics of a primary process, beside the sum of its workers'. */
export interface PrimaryMetrics {
  readonly registry: Registry;
  onWorkerRestart(): void;
}

export function createPrimaryMetrics(build: Build): PrimaryMetrics {
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
  return { registry, onWorkerRestart: () => restarts.inc() };
}

function addBuild(registry: Registry, { version, revision, node }: Build): void {
  new Gauge({
    name: 'tokens_gateway_build_info',
    help: 'Always 1. The labels say what runs',
    labelNames: ['version', 'revision', 'node'],
    registers: [registry],
    // Workers and their primary process run the same.
    aggregator: 'omit',
  }).set({ version, revision, node }, 1);
}

interface Reading {
  readonly labels: Record<string, string>;
  readonly value: number;
}
