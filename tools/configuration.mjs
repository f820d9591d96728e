// Writes the default and the meaning of every variable into the tables of docs/configuration.md, from the table in
// `src/config/`. A new variable first needs an empty row "| `NAME` | | |" where it belongs.
import { readFileSync, writeFileSync } from 'node:fs';
import './prepare.mjs';

const { variables } = await import('../dist/config/variables.js');

const PAGE = new URL('../docs/configuration.md', import.meta.url);
const ROW = /^\| `([A-Z_]+)` \|.*\|$/gm;

const page = readFileSync(PAGE, 'utf8');
const listed = [...page.matchAll(ROW)].map(([, name]) => name);
const wrong = [
  ...Object.keys(variables)
    .filter((name) => !listed.includes(name))
    .map((name) => `${name} has no row: add | \`${name}\` | | | where it belongs`),
  ...listed.filter((name, index) => listed.indexOf(name) !== index).map((name) => `${name} has several rows`),
  ...listed.filter((name) => !(name in variables)).map((name) => `${name} is not a variable of the gateway`),
];
if (wrong.length > 0) {
  for (const problem of wrong) console.error(`docs/configuration.md: ${problem}`);
  process.exit(1);
}
writeFileSync(
  PAGE,
  page.replace(
    ROW,
    (_, name) => `| \`${name}\` | ${variables[name].defaultText} | ${variables[name].meaning} |`,
  ),
);
