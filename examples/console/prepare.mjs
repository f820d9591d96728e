// Installs what the console needs, if that is not there yet. With `--types` writes the types of its operations, with
// `--build` builds it into `dist`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isInstalled } from '../../tools/is-installed.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

if (!isInstalled(here)) {
  console.error('Installing the console…');
  run('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
}
if (process.argv.includes('--types')) run('run', '--silent', 'generate');
if (process.argv.includes('--build')) {
  console.error('Building the console…');
  run('run', '--silent', 'build');
}

function run(...args) {
  const { status } = spawnSync('npm', args, { cwd: here, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) process.exit(1);
}
