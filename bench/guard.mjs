/**
 * `npm run bench:guard`: fails when a request became much dearer than it was. Compared is CPU time, not wall time, and
 * only as a ratio to the floor measured in the same moments: so neither a slower nor a busier machine looks like a
 * regression.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createWorkFolder, startContestant } from './lib/contestants.mjs';
import { measureInterleaved } from './lib/measure.mjs';
import { readOptions } from './lib/options.mjs';
import { prepareMachine } from './lib/process.mjs';
import { undisturbed } from './lib/stats.mjs';
import { startUpstream } from './lib/upstream.mjs';
import { WORKLOADS } from './lib/workloads.mjs';

const FILE = new URL('./guard.json', import.meta.url);
/** Of a round: some tenths of a second each. By number and not by time, so that every round is the same work. */
const REQUESTS = { W1: 300, W3: 8, W4: 120 };
const WARM_ROUNDS = 12;

const options = readOptions({
  /** Many short ones: a disturbance then hits some of them, and the cheaper quarter is what counts. */
  rounds: 20,
  /** Another build than this one. */
  gateway: 'dist/main.js',
  /** Take what is measured as what is allowed. */
  update: false,
});

const guard = JSON.parse(readFileSync(FILE, 'utf8'));
const machine = prepareMachine();
const upstream = await startUpstream();
const work = createWorkFolder();
const start = (name) => startContestant(name, { machine, upstream, work, main: resolve(options.gateway) });
const contestants = [await start('gateway'), await start('k')];

for (const [name, requests] of Object.entries(REQUESTS)) {
  const { gateway, k } = await measureInterleaved(contestants, WORKLOADS[name], {
    upstream,
    unique: true,
    rounds: options.rounds,
    round: { requests },
    warm: { requests: requests * WARM_ROUNDS },
  });
  check(name, costOf(gateway), costOf(k));
}
if (options.update) writeFileSync(FILE, `${JSON.stringify(guard, null, 2)}\n`);
process.exit();

function costOf(rounds) {
  return undisturbed(rounds.map(({ cpuUs }) => cpuUs));
}

function check(name, own, floor) {
  const ratio = own / floor;
  if (options.update) guard.ratios[name] = Number(ratio.toFixed(2));
  const baseline = guard.ratios[name];
  const bound = baseline * guard.factor;
  // A ratio that is no number (no /proc) fails too: nothing was checked.
  const isAllowed = ratio <= bound;
  if (!isAllowed) process.exitCode = 1;
  const cost = `${Math.round(own)} µs of CPU per request, ${ratio.toFixed(2)} times the floor's ${Math.round(floor)}`;
  const hint = ratio < baseline / guard.factor ? ' Much better than it was: --update.' : '';
  console.log(`${name}: ${isAllowed ? 'ok' : 'TOO DEAR'}, ${cost}; allowed is ${bound.toFixed(2)}.${hint}`);
}
