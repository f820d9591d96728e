import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

export const PERFORMANCE = fileURLToPath(new URL('../RESULTS.md', import.meta.url));

export function toTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Three digits: the measurement is not more precise. */
export function toText(value) {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return String(Number(value.toPrecision(3)));
  return Number(value.toPrecision(2)).toString();
}

export function toSpreadText({ median, min, max }) {
  return `${toText(median)} (${toText(min)}–${toText(max)})`;
}

/** The machine and the versions that the figures depend on. */
export function describeMachine(isPinned) {
  const all = cpus();
  const pinning = isPinned ? 'gateway on one core, load and upstream on another' : 'not pinned to cores';
  return `Node.js ${process.versions.node}, ${all.length} × ${all[0].model.trim()}, ${pinning}.`;
}

/** Replaces the text between `<!-- name:start -->` and `<!-- name:end -->`. */
export function writeBetween(path, name, text) {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [before, rest] = readFileSync(path, 'utf8').split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`Expected ${path} to have ${start} and ${end}`);
  writeFileSync(path, `${before}${start}\n${text.trim()}\n${end}${after}`);
}
