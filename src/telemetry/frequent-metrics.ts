import { Counter, type Metric, type Registry } from 'prom-client';

/*
 * Metrics of what happens several times in each request. prom-client checks, sorts and joins the labels of every
 * observation, which takes 2 % of the CPU of a small request. Here it gets the figures when they are read.
 */

/** Returns the function that counts. It takes the values of the labels, which hold no blanks, in the order of their names. */
export function createCounter(
  registry: Registry,
  { name, help, labelNames }: { name: string; help: string; labelNames: readonly string[] },
): (...values: readonly string[]) => void {
  const entries = new Map<string, { readonly values: readonly string[]; count: number }>();
  new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { values, count } of entries.values()) this.labels(...values).inc(count);
    },
  });
  return (...values) => {
    const key = values.join(' ');
    const entry = entries.get(key) ?? { values, count: 0 };
    entries.set(key, entry);
    entry.count++;
  };
}

/** Limits for durations. */
export const LIMITS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What was observed with one value of the label. */
interface Observed {
  sum: number;
  /** The number of values up to each limit. */
  readonly buckets: readonly { readonly limit: number; count: number }[];
}

/** Returns the function that observes an amount, in the unit of `limits`. It takes the value of the one label. */
export function createHistogram(
  registry: Registry,
  { name, help, label, limits }: { name: string; help: string; label: string; limits: readonly number[] },
): (value: string, amount: number) => void {
  const byValue = new Map<string, Observed>();
  const toValues = ([value, { sum, buckets }]: [string, Observed]) => {
    const labels = { [label]: value };
    const counts = buckets.map(({ limit, count }) => {
      const le = limit === Number.POSITIVE_INFINITY ? '+Inf' : limit;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...counts,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: counts.at(-1)?.value },
    ];
  };
  const get = async () => {
    const values = [...byValue].flatMap(toValues);
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  };
  // The types of a registry require further members of a metric, but it does not use them.
  registry.registerMetric({ name, get } as unknown as Metric);
  return (value, amount) => {
    const observed = byValue.get(value) ?? createObserved(limits);
    byValue.set(value, observed);
    observed.sum += amount;
    for (const bucket of observed.buckets) if (amount <= bucket.limit) bucket.count++;
  };
}

function createObserved(limits: readonly number[]): Observed {
  const all = [...limits, Number.POSITIVE_INFINITY];
  return { sum: 0, buckets: all.map((limit) => ({ limit, count: 0 })) };
}
