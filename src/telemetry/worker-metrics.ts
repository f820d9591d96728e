import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';

/** The channel between a worker and its primary process. Messages of others come through it as well. */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** The metrics of a registry, as they are sent between processes. */
type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

const MARK = 'tokens-gateway:metrics';

/** The primary process sends it without a snapshot, a worker replies with one. */
interface Message {
  readonly mark: typeof MARK;
  readonly id: number;
  readonly snapshot?: Snapshot;
}

/**
 * In a worker: sends its metrics to the primary process whenever that requests them. When a metric cannot be read, the
 * latest snapshot counts on, and `onFailure` is called.
 */
export function reportMetrics(
  registry: Registry,
  { send, onMessage }: Channel,
  onFailure: (error: unknown) => void,
): void {
  const report = async (id: number) => {
    const snapshot = await registry.getMetricsAsJSON();
    send({ mark: MARK, id, snapshot } satisfies Message);
  };
  onMessage((message) => {
    if (isOurs(message)) report(message.id).catch(onFailure);
  });
}

/** In the primary process: the metrics of all workers, added up. */
export interface WorkerMetrics {
  /** Includes a worker from now on. Call the returned function when it has ended. */
  add(worker: Channel): () => void;
  /** In the text format of Prometheus. Waits at most half a second for a worker. */
  read(): Promise<string>;
  close(): void;
}

interface Reporter {
  readonly request: (id: number) => void;
  /** The latest one, which is used while the worker is busy and after it has ended. */
  snapshot: Snapshot;
  /** Id of the last request with a reply. */
  repliedTo: number;
}

const WAIT_MS = 500;
/** Counts since the last snapshot are lost when a worker is killed. */
const SNAPSHOT_EVERY_MS = 1_000;

/**
 * `own` has the metrics of the primary process that are not the sum of the workers'; `shared` has those that are added to
 * that sum.
 */
export function createWorkerMetrics(own: Registry, shared: Registry): WorkerMetrics {
  const reporters = new Set<Reporter>();
  const waiting = new Set<() => void>();
  /** Counters and histograms of the workers that have ended: a counter must never fall. */
  let ended: Snapshot = [];
  let last = 0;

  const collect = (): Promise<void> => {
    last++;
    const id = last;
    for (const reporter of reporters) reporter.request(id);
    return new Promise((resolve) => {
      const check = () => {
        if ([...reporters].some(({ repliedTo }) => repliedTo < id)) return;
        finish();
      };
      const finish = () => {
        clearTimeout(timer);
        waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(finish, WAIT_MS);
      waiting.add(check);
      check();
    });
  };
  const checkAll = () => {
    for (const check of [...waiting]) check();
  };
  const timer = setInterval(collect, SNAPSHOT_EVERY_MS).unref();

  return {
    add({ send, onMessage }) {
      const request = (id: number) => send({ mark: MARK, id } satisfies Message);
      const reporter: Reporter = { request, snapshot: [], repliedTo: 0 };
      reporters.add(reporter);
      onMessage((message) => {
        if (!isOurs(message) || !message.snapshot) return;
        reporter.repliedTo = message.id;
        reporter.snapshot = message.snapshot.map(restore);
        checkAll();
      });
      return () => {
        reporters.delete(reporter);
        ended = toSnapshot(addUp([ended, reporter.snapshot.filter(isMonotonic)]));
        checkAll();
      };
    },
    async read() {
      await collect();
      const snapshots = [...reporters].map(({ snapshot }) => snapshot);
      const sum = addUp([...snapshots, ended, await shared.getMetricsAsJSON()]);
      return `${await sum.metrics()}${await own.metrics()}`;
    },
    close: () => clearInterval(timer),
  };
}

function isOurs(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && Reflect.get(message, 'mark') === MARK;
}

/** Adds up by each metric's aggregator, which is the sum by default. */
function addUp(snapshots: readonly Snapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]) as Registry;
}

/** For a registry of `addUp`, whose metrics hold their values, which prom-client's types do not declare. */
function toSnapshot(sum: Registry): Snapshot {
  return sum.getMetricsAsArray() as unknown as Snapshot;
}

function isMonotonic({ type }: Snapshot[number]): boolean {
  return String(type) === 'counter' || String(type) === 'histogram';
}

/** Restores NaN, which JSON lacks. Event loop lags are aggregated by their maximum: a mean would hide one late worker. */
function restore(metric: Snapshot[number]): Snapshot[number] {
  const isLag = metric.name.startsWith('nodejs_eventloop_lag_');
  const values = metric.values.map((each) => ({ ...each, value: each.value ?? Number.NaN }));
  return { ...metric, ...(isLag && { aggregator: 'max' }), values };
}
