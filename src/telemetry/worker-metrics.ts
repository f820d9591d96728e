import { setTimeout } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import type { Channel } from '../channel.ts';
import type { Build } from './build.ts';
import { describeError } from './failures.ts';
import { createPrimaryMetrics } from './metrics.ts';
import { createNameLimit } from './request-metrics.ts';

/** The metrics of a registry, as they are sent between processes. */
type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/**
 * In a worker: sends its metrics to the primary process on request. When a metric cannot be read, the primary process keeps
 * using the latest snapshot.
 */
export function reportMetrics(registry: Registry, primary: Channel, log: FastifyBaseLogger): void {
  primary.handle('metrics', async () => {
    try {
      return await registry.getMetricsAsJSON();
    } catch (error) {
      log.error({ err: describeError(error) }, 'metrics could not be read');
      throw error;
    }
  });
}

const WAIT_MS = 500;

/** In the primary process: its own metrics, and those of all workers, added up. */
export function createWorkerMetrics(build: Build, droppedLogLines: () => number) {
  const { registry, shared, onWorkerRestart } = createPrimaryMetrics(build, droppedLogLines);
  /** The latest metrics of each worker, which are used while it is busy and after it has ended. */
  const snapshots = new Map<Channel, Snapshot>();
  /** Counters and histograms of the workers that have ended: a counter must never fall. */
  let ended: Snapshot = [];
  // Each worker limits its own operation names, but the workers may have different ones.
  const limitName = createNameLimit();

  const collectFrom = async (worker: Channel) => {
    const snapshot = await worker.request<Snapshot>('metrics').catch(() => undefined);
    if (!snapshot || !snapshots.has(worker)) return;
    snapshots.set(
      worker,
      snapshot.map((metric) => restore(metric, limitName)),
    );
  };

  return {
    onWorkerRestart,
    /** Includes a worker from now on. Call the returned function when it has ended. */
    add(worker: Channel): () => void {
      snapshots.set(worker, []);
      return () => {
        const last = snapshots.get(worker) ?? [];
        snapshots.delete(worker);
        ended = toSnapshot(addUp([ended, last.filter(isMonotonic)]));
      };
    },
    /** In the text format of Prometheus. Waits at most half a second for a worker. */
    async read(): Promise<string> {
      const collected = Promise.all([...snapshots.keys()].map(collectFrom));
      await Promise.race([collected, setTimeout(WAIT_MS, undefined, { ref: false })]);
      const sum = addUp([...snapshots.values(), ended, await shared.getMetricsAsJSON()]);
      return `${await sum.metrics()}${await registry.metrics()}`;
    },
  };
}

function addUp(snapshots: readonly Snapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]) as Registry;
}

/** For a registry made by `addUp`: its metrics hold their values, though the types of prom-client do not say so. */
function toSnapshot(sum: Registry): Snapshot {
  return sum.getMetricsAsArray() as unknown as Snapshot;
}

function isMonotonic({ type }: Snapshot[number]): boolean {
  return String(type) === 'counter' || String(type) === 'histogram';
}

/**
 * Restores NaN, which JSON lacks, and applies the limit of operation names: values that get equal labels are added up
 * later. Event loop lags are aggregated by their maximum: a mean would hide one late worker.
 */
function restore(metric: Snapshot[number], limitName: (name: string) => string): Snapshot[number] {
  const isLag = metric.name.startsWith('nodejs_eventloop_lag_');
  const hasNames = metric.name.startsWith('tokens_gateway_operation');
  const values = metric.values.map(({ labels, value, ...rest }) => ({
    ...rest,
    value: value ?? Number.NaN,
    labels: hasNames ? { ...labels, operation: limitName(String(labels.operation)) } : labels,
  }));
  return { ...metric, ...(isLag && { aggregator: 'max' }), values };
}
