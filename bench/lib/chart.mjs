/** A bar chart of requests per second as SVG, with one panel for each workload and mode. */
import { writeFileSync } from 'node:fs';
import { toText } from './report.mjs';
import { median } from './stats.mjs';
import { WORKLOADS } from './workloads.mjs';

const FILE = new URL('../../docs/img/bench.svg', import.meta.url);
/** The workloads of the chart; the tables have the others. */
const SHOWN = ['W1', 'W2', 'W3', 'W4'];
const MODES = { one: 'one principal', unique: 'every request another principal' };

const WIDTH = 960;
const PANEL = WIDTH / 2;
const LEFT = 150;
const BAR_MAX = PANEL - LEFT - 80;
const ROW = 20;
const HEAD = 44;
const FOOT = 16;

/** Short labels by peer. */
const LABELS = {
  gateway: 'this gateway',
  k: 'floor, no GraphQL',
  c: 'Tailcall',
  dj: 'Mercurius + jit',
  e: 'graphql-yoga',
  b: 'openapi-to-graphql',
  f: 'Apollo + got',
  a: 'Hive Gateway',
};

// The chart has its own background, because a page may be dark where the system is not.
const STYLE = `
  .ground { fill: #ffffff }
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .value { fill: #57606a }
  .bar { fill: #8c959f }
  .own { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 }
    text { fill: #e6edf3 }
    .value { fill: #9ea7b3 }
    .bar { fill: #6e7681 }
    .own { fill: #2f81f7 }
  }`;

export function writeChart({ contestants, results }) {
  const modes = Object.keys(results);
  const shown = SHOWN.filter((workload) => workload in results[modes[0]]);
  const panelHeight = HEAD + contestants.length * ROW + FOOT;
  const height = shown.length * panelHeight;
  const panels = shown.flatMap((workload, row) =>
    modes.map((mode, column) => {
      const place = `translate(${column * PANEL} ${row * panelHeight})`;
      return `<g transform="${place}">${toPanel(workload, mode, contestants, results[mode][workload])}</g>`;
    }),
  );
  const title = 'Requests per second of this gateway and others';
  const chart = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
<title>${title}</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
${panels.join('\n')}
</svg>
`;
  writeFileSync(FILE, chart);
}

function toPanel(workload, mode, contestants, rounds) {
  const rates = contestants.map(({ name }) => median(rounds[name].map(({ perSecond }) => perSecond)));
  const most = Math.max(...rates);
  const bars = contestants.map(({ name }, index) => {
    const y = HEAD + index * ROW;
    const width = ((rates[index] / most) * BAR_MAX).toFixed(1);
    return [
      `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${LABELS[name] ?? name}</text>`,
      `<rect class="${name === 'gateway' ? 'own' : 'bar'}" x="${LEFT}" y="${y}" width="${width}" height="${ROW - 4}" rx="2"/>`,
      `<text class="value" x="${(LEFT + Number(width) + 6).toFixed(1)}" y="${y + 12}">${toText(rates[index])}</text>`,
    ].join('');
  });
  const titles = [
    `<text class="title" x="8" y="18">${workload}: ${WORKLOADS[workload].title}</text>`,
    `<text class="value" x="8" y="34">${MODES[mode]}, requests per second</text>`,
  ];
  return [...titles, ...bars].join('');
}
