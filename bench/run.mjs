/** `npm run bench`: compares this gateway with others over one upstream. README.md explains the figures. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { writeChart } from './lib/chart.mjs';
import { toComparison } from './lib/comparison.mjs';
import { createWorkFolder, selectPeers, startContestant } from './lib/contestants.mjs';
import { measureInterleaved } from './lib/measure.mjs';
import { readOptions } from './lib/options.mjs';
import { prepareMachine } from './lib/process.mjs';
import { describeMachine, PERFORMANCE, writeBetween } from './lib/report.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { WORKLOADS } from './lib/workloads.mjs';
import { PEERS } from './peers/index.mjs';

const options = readOptions({
  peers: Object.keys(PEERS),
  workloads: Object.keys(WORKLOADS),
  rounds: 5,
  ms: 1500,
  /** Milliseconds of load before the first round. V8 compiles hot functions meanwhile, on the same core. */
  warm: 5000,
  /** How often the gateways are started, for each workload. V8 compiles every process a little differently. */
  starts: 1,
  /** `main.js` of another build of this gateway, which is measured as the peer `before`. */
  before: '',
  /** `unique`: only with a new principal for every request; `one`: only with one principal. Otherwise both. */
  unique: false,
  one: false,
  /** Latency of the upstream in ms, instead of that of each workload. */
  latency: -1,
  /** File to write the figures of every round to. */
  out: '',
  /** Writes RESULTS.md and its chart. */
  write: false,
});
const unknown = options.workloads.filter((name) => !(name in WORKLOADS));
if (unknown.length > 0)
  throw new Error(`Expected --workloads to be of ${Object.keys(WORKLOADS)}, got ${unknown}`);

const peers = selectPeers(options.peers);
const machine = prepareMachine();
const upstream = await startUpstream();
const work = createWorkFolder();

const before = options.before === '' ? [] : ['before'];
let contestants = await startAll();

const modes = ['one', 'unique'].filter((mode) => options[mode] || options.one === options.unique);
const results = {};
for (const mode of modes) {
  results[mode] = {};
  for (const name of options.workloads) results[mode][name] = await measure(name, mode);
}

const report = {
  machine: describeMachine(machine.isPinned),
  contestants,
  results,
  rounds: options.rounds * options.starts,
  ms: options.ms,
};
const text = toComparison(report);
console.log(text);
if (options.out !== '') writeFileSync(options.out, `${JSON.stringify(results, null, 1)}\n`);
if (options.write) {
  writeBetween(PERFORMANCE, 'bench', text);
  writeChart(report);
}
process.exit();

async function startAll() {
  const started = [];
  for (const name of ['gateway', ...before, ...peers]) {
    console.error(`Starting ${name}`);
    const main = name === 'before' ? resolve(options.before) : undefined;
    started.push(await startContestant(name, { machine, upstream, work, main }));
  }
  return started;
}

/** The rounds of each gateway, those of all its processes one after the other. */
async function measure(name, mode) {
  const rounds = {};
  for (let start = 1; start <= options.starts; start++) {
    console.error(`Measuring ${name}, ${mode}`);
    const measured = await measureInterleaved(contestants, workloadOf(name), {
      upstream,
      unique: mode === 'unique',
      rounds: options.rounds,
      round: { ms: options.ms },
      warm: { ms: options.warm },
    });
    for (const [gateway, more] of Object.entries(measured))
      rounds[gateway] = [...(rounds[gateway] ?? []), ...more];
    if (options.starts === 1) continue;
    await Promise.all(contestants.map((contestant) => contestant.stop()));
    contestants = await startAll();
  }
  return rounds;
}

function workloadOf(name) {
  const workload = WORKLOADS[name];
  return options.latency < 0 ? workload : { ...workload, latencyMs: options.latency };
}
