import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import { type Channel, createChannel } from '../../../src/channel.ts';
import { createWorkerMetrics, reportMetrics } from '../../../src/telemetry/worker-metrics.ts';

const BUILD = { version: '1', revision: 'unknown', node: 'v20' };

/** Both ends of a channel between two processes. */
function createChannels(): [Channel, Channel] {
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1, other: 0 | 1): Channel =>
    createChannel({
      send(message: unknown) {
        for (const listener of listeners[other]) listener(JSON.parse(JSON.stringify(message)));
      },
      on: (_: string, listener: (message: unknown) => void) => listeners[own].push(listener),
    } as never);
  return [end(0, 1), end(1, 0)];
}

it('A metric of a worker that cannot be read is reported, and what was read last counts on', async () => {
  const registry = new Registry();
  let isBroken = false;
  new Gauge({
    name: 'things',
    help: 'Things',
    registers: [registry],
    collect() {
      if (isBroken) throw new Error('no things');
      this.set(3);
    },
  });
  const [worker, primary] = createChannels();
  const lines: string[] = [];
  reportMetrics(registry, worker, pino({}, { write: (line: string) => lines.push(line) }));
  const metrics = createWorkerMetrics(BUILD, () => 0);
  metrics.add(primary);

  expect(await metrics.read()).toContain('things 3');
  isBroken = true;
  expect(await metrics.read()).toContain('things 3');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('metrics could not be read');
});

it('Log lines that the primary process drops are counted with those of its workers', async () => {
  const registry = new Registry();
  new Counter({
    name: 'tokens_gateway_log_lines_dropped_total',
    help: 'Lines',
    registers: [registry],
  }).inc(3);
  const [worker, primary] = createChannels();
  reportMetrics(registry, worker, pino({ level: 'silent' }));
  const metrics = createWorkerMetrics(BUILD, () => 4);
  metrics.add(primary);
  const text = await metrics.read();
  expect(text.match(/^tokens_gateway_log_lines_dropped_total.*$/gm)).toEqual([
    'tokens_gateway_log_lines_dropped_total 7',
  ]);
  expect(text.match(/^# TYPE tokens_gateway_log_lines_dropped_total/gm)).toHaveLength(1);
});
