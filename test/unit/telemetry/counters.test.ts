import { describe, expect, it } from '@jest/globals';
import { Counter, Histogram, Registry } from 'prom-client';
import { createFastCounter, createFastHistogram } from '../../../src/telemetry/request-metrics.ts';

const BOUNDS = [0.1, 1, 10];
const OBSERVED: [string, number][] = [
  ['fast', 0.05],
  ['fast', 0.1],
  ['slow', 0.11],
  ['slow', 10],
  ['slow', 11],
];

describe('Metrics that are counted without prom-client read as if it had counted them', () => {
  it('durations, with those on a bound and beyond the last', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const fast = createFastHistogram('took_seconds', 'How long', 'operation', BOUNDS);
    ours.registerMetric(fast.metric);
    const registers = [theirs];
    const histogram = new Histogram({
      name: 'took_seconds',
      help: 'How long',
      labelNames: ['operation'],
      buckets: BOUNDS,
      registers,
    });
    for (const [operation, seconds] of OBSERVED) {
      fast.observe(operation, seconds);
      histogram.observe({ operation }, seconds);
    }
    const sorted = async (registry: Registry) =>
      (await registry.metrics())
        .replaceAll(/\{(.*?),(.*?)\}/g, '{$2,$1}')
        .split('\n')
        .sort();
    const swapped = (await ours.metrics()).split('\n').sort();
    expect(await sorted(theirs)).toEqual(swapped);
    expect(swapped).toContain('took_seconds_bucket{operation="slow",le="+Inf"} 3');
  });

  it('counts, also those of nothing', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const counts = createFastCounter('calls_total', 'Calls', ['operation', 'status']);
    const none = createFastCounter('none_total', 'None', []);
    for (const { metric } of [counts, none]) ours.registerMetric(metric);
    const registers = [theirs];
    const counter = new Counter({
      name: 'calls_total',
      help: 'Calls',
      labelNames: ['operation', 'status'],
      registers,
    });
    new Counter({ name: 'none_total', help: 'None', registers });
    for (const status of ['200', '503', '200']) {
      counts.add('read', status);
      counter.inc({ operation: 'read', status });
    }
    const text = await ours.metrics();
    expect(text).toBe(await theirs.metrics());
    expect(text).toContain('calls_total{operation="read",status="200"} 2\n');
    expect(await ours.metrics()).toBe(text);
  });
});
