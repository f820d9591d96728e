/** `node bench/growth.mjs`: how cost and memory change with long lists, many connections, latency and time. */
import { createWorkFolder, startContestant } from './lib/contestants.mjs';
import {
  measureConnections,
  measureLatency,
  measureMemory,
  measureStart,
  measureWalks,
} from './lib/growth.mjs';
import { readOptions } from './lib/options.mjs';
import { prepareMachine } from './lib/process.mjs';
import { describeMachine, PERFORMANCE, writeBetween } from './lib/report.mjs';
import { startUpstream } from './lib/upstream.mjs';

const PARTS = {
  start: measureStart,
  lists: measureWalks,
  connections: measureConnections,
  latency: measureLatency,
  memory: measureMemory,
};
const options = readOptions({
  parts: Object.keys(PARTS),
  rounds: 5,
  ms: 1500,
  /** Latency of the upstream in ms, for the part `latency`. */
  latency: 20,
  /** Seconds of load, for the part `memory`. */
  seconds: 60,
  /** Writes the tables into RESULTS.md. */
  write: false,
});

const machine = prepareMachine();
const upstream = await startUpstream();
const work = createWorkFolder();
const start = (name) => startContestant(name, { machine, upstream, work });

const sections = [describeMachine(machine.isPinned)];
for (const part of options.parts) {
  console.error(`Measuring ${part}`);
  sections.push(await PARTS[part]({ ...options, start, upstream }));
}
const text = sections.join('\n\n');
console.log(text);
if (options.write) writeBetween(PERFORMANCE, 'growth', text);
process.exit();
