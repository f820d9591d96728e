// Installs what the console needs, if that is not there yet. With `--types` writes the types of its operations, unless
// those are up to date; with `--build` also builds it into `dist`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, newestChange } from '../../tools/packages.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
/** What the types are made of. */
const SOURCES = ['../../schema', 'src/operations', 'codegen.ts', 'package-lock.json'];
const TYPES = ['graphql.ts', 'persisted-documents.json', 'possible-types.ts'];
/** Written after the types, because the generator does not write a file again that stays the same. */
const STAMP = 'src/gql/.generated';

install(here, 'the console');
const wantsBuild = process.argv.includes('--build');
if ((wantsBuild || process.argv.includes('--types')) && !areTypesCurrent()) {
  const startedAt = Date.now();
  run('generate');
  writeFileSync(inConsole(STAMP), `${startedAt}\n`);
}
if (wantsBuild) {
  console.error('Building the console…');
  run('bundle');
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

function run(script) {
  const args = ['run', '--silent', script];
  const { status } = spawnSync('npm', args, { cwd: here, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) process.exit(1);
}
