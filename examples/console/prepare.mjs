// Installs what the console needs, if that is not there yet. With `--types` writes the types of its operations, unless
// those are up to date; with `--build` also builds it into `dist`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from '../../tools/is-installed.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
/** What the types are made of. */
const SOURCES = ['../../schema', 'src/operations', 'codegen.ts', 'package-lock.json'];
const TYPES = ['graphql.ts', 'persisted-documents.json', 'possible-types.ts'];
/** Written after the types, because the generator does not write a file again that stays the same. */
const STAMP = 'src/gql/.generated';

if (!isInstalled(here)) {
  console.error('Installing the console…');
  run('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
}
const wantsBuild = process.argv.includes('--build');
if ((wantsBuild || process.argv.includes('--types')) && !areTypesCurrent()) {
  const startedAt = Date.now();
  run('run', '--silent', 'generate');
  writeFileSync(inConsole(STAMP), `${startedAt}\n`);
}
if (wantsBuild) {
  console.error('Building the console…');
  run('run', '--silent', 'bundle');
}

function inConsole(path) {
  return join(here, path);
}

function areTypesCurrent() {
  if (![STAMP, ...TYPES.map((name) => `src/gql/${name}`)].every((path) => existsSync(inConsole(path))))
    return false;
  const generatedAt = Number(readFileSync(inConsole(STAMP), 'utf8'));
  return SOURCES.every((path) => newestChange(inConsole(path)) < generatedAt);
}

/** Time of the newest change of a file, or of a folder and its files. A folder changes when a file is added or removed. */
function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function run(...args) {
  const { status } = spawnSync('npm', args, { cwd: here, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) process.exit(1);
}
