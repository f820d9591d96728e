/**
 * `npm run bench:guard`: fails on a regression of CPU time per request. The time is compared as a ratio to that of the
 * floor, measured at the same moments, so a slower or busier machine does not look like a regression.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createWorkFolder, startContestant } from './lib/contestants.mjs';
import { prepareMeasurement } from './lib/measure.mjs';
import { readOptions } from './lib/options.mjs';
import { prepareMachine } from './lib/process.mjs';
import { median, ratios } from './lib/stats.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { WORKLOADS } from './lib/workloads.mjs';

const FILE = new URL('./guard.json', import.meta.url);
/** Requests per round, some tenths of a second. A number and not a time, so that every round does the same work. */
const REQUESTS = { W1: 300, W3: 8, W4: 120 };
/** Requests before the first round. V8 compiles hot functions within some thousand requests. */
const WARM_ROUNDS = 30;
/** A busy machine runs fewer rounds instead of running longer, but enough for a median. */
const SECONDS = 50;
const MIN_ROUNDS = 6;
/** A baseline is measured longer, because all later runs are compared with it. */
const UPDATE_FACTOR = 3;

const options = readOptions({
  /** Many short rounds with all workloads in each: a disturbance affects some rounds, and not the median. */
  rounds: 18,
  /** The build to measure. */
  gateway: 'dist/main.js',
  /** Writes the measured ratios as the new baseline. */
  update: false,
});

const guard = JSON.parse(readFileSync(FILE, 'utf8'));
const machine = prepareMachine();
const upstream = await startUpstream();
const work = createWorkFolder();
const start = (name) => startContestant(name, { machine, upstream, work, main: resolve(options.gateway) });
const contestants = [await start('gateway'), await start('k')];

const measurements = [];
for (const [name, requests] of Object.entries(REQUESTS)) {
  for (const contestant of contestants) measurements.push(await prepare(name, requests, contestant));
}
const patience = options.update ? UPDATE_FACTOR : 1;
const endAt = SECONDS * 1000 * patience;
const isLate = (round) => round >= MIN_ROUNDS && performance.now() > endAt;
for (let round = 0; round < options.rounds * patience && !isLate(round); round++) {
  for (const { workload, costs, measure } of measurements) {
    await upstream.set({ tokens: workload.tokens });
    costs.push((await measure()).cpuUs);
  }
}
for (const name of Object.keys(REQUESTS)) check(name, costsOf(name, 'gateway'), costsOf(name, 'k'));
if (options.update) writeFileSync(FILE, `${JSON.stringify(guard, null, 2)}\n`);
process.exit();

async function prepare(name, requests, contestant) {
  const workload = WORKLOADS[name];
  await upstream.set({ tokens: workload.tokens });
  const round = { requests };
  const warm = { requests: requests * WARM_ROUNDS };
  const measure = await prepareMeasurement(contestant, workload, { upstream, unique: true, round, warm });
  return { name, who: contestant.name, workload, costs: [], measure };
}

function costsOf(workload, contestant) {
  return measurements.find(({ name, who }) => name === workload && who === contestant).costs;
}

function check(name, own, floor) {
  const { median: ratio, min, max } = ratios(own, floor);
  if (options.update) guard.ratios[name] = Number(ratio.toFixed(2));
  const baseline = guard.ratios[name];
  const bound = baseline * guard.factor;
  // NaN (without /proc) fails too, because nothing was checked.
  const isAllowed = ratio <= bound;
  if (!isAllowed) process.exitCode = 1;
  const byRound = `${min.toFixed(2)} to ${max.toFixed(2)} by round`;
  const cost = `${Math.round(median(own))} µs of CPU per request, ${ratio.toFixed(2)} times the floor's (${byRound})`;
  const hint = ratio < baseline / guard.factor ? ' Much better than it was: --update.' : '';
  console.log(`${name}: ${isAllowed ? 'ok' : 'REGRESSION'}, ${cost}; allowed is ${bound.toFixed(2)}.${hint}`);
}
