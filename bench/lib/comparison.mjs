/** The figures of a run as Markdown. Ratios come first, because only they are valid on another machine. */
import { toSpreadText, toTable, toText } from './report.mjs';
import { median, ratios, spread } from './stats.mjs';
import { WORKLOADS } from './workloads.mjs';

const MODES = { one: 'All requests of one principal', unique: 'Every request of another principal' };

export function toComparison({ machine, contestants, results, rounds, ms }) {
  const peers = contestants.filter(({ name }) => name !== 'gateway');
  const legend = peers.map(({ name, title }) => `\`${name}\` ${title}`).join(', ');
  return [
    `${machine} ${rounds} rounds of ${ms} ms. ${legend}.`,
    ...Object.entries(results).flatMap(([mode, workloads]) => [
      `### ${MODES[mode]}`,
      'Requests per second, this gateway ÷ peer: median of the rounds (lowest–highest).',
      toMatrix(workloads, peers, ratioOf('perSecond')),
      'CPU per request, this gateway ÷ peer: median of the rounds (lowest–highest).',
      toMatrix(workloads, peers, ratioOf('cpuUs')),
      'Requests per second, median of the rounds (lowest–highest).',
      toMatrix(workloads, contestants, (rounds, name) =>
        toSpreadText(spread(pluck(rounds[name], 'perSecond'))),
      ),
      'CPU per request in µs, all threads.',
      toMatrix(workloads, contestants, (rounds, name) => toText(median(pluck(rounds[name], 'cpuUs')))),
      'Latency in ms, p50 / p99.',
      toMatrix(workloads, contestants, (rounds, name) =>
        ['p50', 'p99'].map((member) => toText(median(pluck(rounds[name], member)))).join(' / '),
      ),
      'Upstream calls per request.',
      toMatrix(workloads, contestants, (rounds, name) => toText(median(pluck(rounds[name], 'calls')))),
    ]),
  ].join('\n\n');
}

function toMatrix(workloads, columns, cell) {
  const head = ['', ...columns.map(({ name }) => (name === 'gateway' ? '**gateway**' : `\`${name}\``))];
  const rows = Object.entries(workloads).map(([workload, rounds]) => [
    `${workload} ${WORKLOADS[workload].title}`,
    ...columns.map(({ name }) => cell(rounds, name)),
  ]);
  return toTable(head, rows);
}

function ratioOf(member) {
  return (rounds, peer) => toSpreadText(ratios(pluck(rounds.gateway, member), pluck(rounds[peer], member)));
}

function pluck(rounds, member) {
  return rounds.map((round) => round[member]);
}
