/** Each function measures how cost changes with one quantity, on its own gateway, and returns a table. */
import { measureInterleaved, prepareMeasurement } from './measure.mjs';
import { cpuMs, rssMb } from './process.mjs';
import { toSpreadText, toTable, toText } from './report.mjs';
import { median, ratios, spread } from './stats.mjs';
import { walkList } from './walk.mjs';
import { WORKLOADS } from './workloads.mjs';

const STARTS = 5;
const ITEMS_PER_WALK = 20_000;
/** Warm-up in ms, in which V8 compiles hot functions. */
const WARM = { ms: 6000 };

export async function measureStart({ start }) {
  const listenMs = [];
  const memory = [];
  for (let n = 0; n < STARTS; n++) {
    const gateway = await start('gateway');
    listenMs.push(gateway.listenMs);
    memory.push(rssMb(gateway.pid));
    await gateway.stop();
  }
  const rows = [
    ['start to listening, ms', toSpreadText(spread(listenMs))],
    ['memory after the first answer, MB', toSpreadText(spread(memory))],
  ];
  return section('Start', `${STARTS} starts: median (lowest–highest).`, toTable(['', ''], rows));
}

export async function measureWalks({ start, upstream }) {
  const gateway = await start('gateway');
  await upstream.set({ tokens: 100, latencyMs: 0 });
  await walkList(gateway.port, { total: 100, items: ITEMS_PER_WALK });
  const rows = [];
  for (const total of [10, 100, 1000, 10_000]) {
    await upstream.set({ tokens: total });
    // The stub creates its pages when they are first read.
    await walkList(gateway.port, { total, items: 1 });
    const cpuBefore = cpuMs(gateway.pid);
    const startedAt = performance.now();
    const { pages, items } = await walkList(gateway.port, { total, items: ITEMS_PER_WALK });
    const wallMs = performance.now() - startedAt;
    const cpu = cpuMs(gateway.pid) - cpuBefore;
    const figures = [(wallMs * 1000) / items, (cpu * 1000) / items, (cpu * 1000) / pages, rssMb(gateway.pid)];
    rows.push([total, ...figures.map(toText)]);
  }
  await gateway.stop();
  const head = ['tokens', 'µs per item', 'CPU µs per item', 'CPU µs per page', 'memory, MB'];
  const what =
    'One caller walks the list by pages of 100. Ten tokens are a page of ten: the price of a request is shared by fewer.';
  return section('Lists', what, toTable(head, rows));
}

export async function measureConnections({ start, upstream, ms }) {
  const gateway = await start('gateway');
  await upstream.set({ tokens: WORKLOADS.W1.tokens, latencyMs: 0 });
  const rows = [];
  for (const connections of [1, 10, 100, 1000]) {
    const workload = { ...WORKLOADS.W1, connections };
    const measure = await prepareMeasurement(gateway, workload, {
      upstream,
      unique: true,
      warm: WARM,
      round: { ms },
    });
    const rounds = [await measure(), await measure(), await measure()];
    const of = (member) => median(rounds.map((round) => round[member]));
    rows.push([
      connections,
      ...['cpuUs', 'perSecond', 'p50', 'p99', 'rssMb'].map((member) => toText(of(member))),
    ]);
  }
  await gateway.stop();
  const head = ['connections', 'CPU µs per request', 'requests per second', 'p50 ms', 'p99 ms', 'memory, MB'];
  return section('Connections', 'W1, every request of another principal.', toTable(head, rows));
}

export async function measureLatency({ start, upstream, ms, rounds, latency }) {
  const contestants = [await start('gateway'), await start('k')];
  const rows = [];
  for (const [name, unique] of [
    ['W1', false],
    ['W1', true],
    ['W3', false],
    ['W3', true],
  ]) {
    const { connections } = name === 'W1' ? WORKLOADS.W8 : WORKLOADS.W7;
    const workload = { ...WORKLOADS[name], connections, latencyMs: latency };
    const options = { upstream, unique, rounds, warm: WARM, round: { ms } };
    const results = await measureInterleaved(contestants, workload, options);
    const pluck = (who, member) => results[who].map((round) => round[member]);
    const cells = ['p50', 'p99'].flatMap((member) => [
      toText(median(pluck('gateway', member))),
      toText(median(pluck('k', member))),
      toSpreadText(ratios(pluck('gateway', member), pluck('k', member))),
    ]);
    rows.push([
      `${name}, ${connections} connections, ${unique ? 'other principals' : 'one principal'}`,
      ...cells,
    ]);
  }
  for (const contestant of contestants) await contestant.stop();
  const head = ['', 'p50 ms', 'floor', 'ratio', 'p99 ms', 'floor', 'ratio'];
  return section(
    `Latency over ${latency} ms upstream`,
    `Against \`k\`, the floor without GraphQL.`,
    toTable(head, rows),
  );
}

export async function measureMemory({ start, upstream, seconds }) {
  await upstream.set({ tokens: WORKLOADS.W3.tokens, latencyMs: 0 });
  const rows = [];
  for (const unique of [false, true]) {
    const gateway = await start('gateway');
    const options = { upstream, unique, warm: { ms: 0 }, round: { ms: 5000 } };
    const measure = await prepareMeasurement(gateway, WORKLOADS.W3, options);
    const memory = [rssMb(gateway.pid)];
    const endAt = performance.now() + seconds * 1000;
    while (performance.now() < endAt) memory.push((await measure()).rssMb);
    await gateway.stop();
    const figures = [memory[0], memory[1], Math.max(...memory), memory.at(-1)];
    rows.push([unique ? 'other principals' : 'one principal', ...figures.map(toText)]);
  }
  const head = ['MB', 'before', 'after 6 s', 'most', 'at the end'];
  return section(`Memory over ${seconds} s of W3`, '8 connections, without a pause.', toTable(head, rows));
}

function section(title, what, table) {
  return [`### ${title}`, what, table].join('\n\n');
}
