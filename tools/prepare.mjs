// Makes a checkout ready to run: installs and builds, each only if it is needed. Needs nothing but Node.js and npm.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './is-installed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => join(root, path);
const BUILT = 'dist/.built';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stop(`This needs Node.js 20.19 or newer; here is ${process.versions.node}.`);
}
if (!isInstalled(root)) {
  say('Installing…');
  // What is needed to build is needed here even where NODE_ENV=production or a user's npm settings leave it out.
  run('npm', ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (!isBuilt()) {
  say('Building…');
  const startedAt = Date.now();
  run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
  writeFileSync(inRoot('dist/revision'), readRevision());
  writeFileSync(inRoot(BUILT), `${startedAt}\n`);
}

// Whoever asks for it gets it, and nobody else has to wait for it.
const wantsGraphiql = ['graphiql', 'both'].includes(process.env.EXPLORER ?? '');
if (wantsGraphiql && !existsSync(inRoot('dist/graphiql/main.js'))) {
  say('Building GraphiQL…');
  run(process.execPath, [inRoot('tools/graphiql/build.mjs')]);
}

function isBuilt() {
  if (!existsSync(inRoot(BUILT))) return false;
  const builtAt = Number(readFileSync(inRoot(BUILT), 'utf8'));
  return ['src', 'tsconfig.json', 'package-lock.json'].every((path) => newestChange(inRoot(path)) < builtAt);
}

/** The commit that is built, as the metrics and `/readyz` name it. Empty where this is no checkout of git. */
function readRevision() {
  const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout ?? '';
}

/** In milliseconds. A folder changes when a file of it comes or goes. */
function newestChange(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

/** Quiet while it goes well. tsc writes its errors to stdout. */
function run(command, args) {
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' };
  const { status, stdout, error } = spawnSync(command, args, options);
  if (status === 0) return;
  stop(
    `${stdout ?? ''}${error?.message ?? `${basename(command)} ${basename(args[0])} ended with exit code ${status}.`}`,
  );
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function stop(message) {
  say(message);
  process.exit(1);
}
