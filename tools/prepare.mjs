// Makes a checkout ready to run: installs and builds, each only if needed. Requires only Node.js and npm.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled, newestChange } from './packages.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => join(root, path);
/** Compiles what has changed since the last time, so that `dev.mjs` does not write all files again when it starts. */
export const COMPILE =
  'node_modules/typescript/bin/tsc -p tsconfig.json --incremental --tsBuildInfoFile dist/.tsbuildinfo'.split(
    ' ',
  );
const BUILT = 'dist/.built';
// `--include=dev`: building needs development packages, also where NODE_ENV=production or npm's settings omit them.
const INSTALL = 'ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stop(`Node.js 20.19 or newer is required; this is ${process.versions.node}.`);
}
// `--start`: an up-to-date build runs without the development packages.
const isReady = process.argv.includes('--start') && isBuilt();
if (!isReady && !isInstalled(root)) {
  await run('Installing packages (about a minute)', 'npm', INSTALL.split(' '));
}
if (!isBuilt()) {
  const startedAt = Date.now();
  removeOldBuild();
  await run('Building', process.execPath, COMPILE);
  writeFileSync(inRoot('dist/revision'), readRevision());
  writeFileSync(inRoot(BUILT), `${startedAt}\n`);
}

// Only on request: it takes half a minute.
const wantsGraphiql = ['graphiql', 'both'].includes(process.env.EXPLORER ?? '');
if (wantsGraphiql && !existsSync(inRoot('dist/graphiql/main.js'))) {
  await run('Building GraphiQL (about half a minute)', process.execPath, [
    inRoot('tools/graphiql/build.mjs'),
  ]);
}

function isBuilt() {
  if (!existsSync(inRoot(BUILT))) return false;
  const builtAt = Number(readFileSync(inRoot(BUILT), 'utf8'));
  return ['src', 'tsconfig.json', 'package-lock.json'].every((path) => newestChange(inRoot(path)) < builtAt);
}

/** The commit for the metrics and the first log line. Empty outside a git checkout. */
function readRevision() {
  const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout ?? '';
}

/** Otherwise files of moved or deleted modules would stay. GraphiQL's bundle is built separately. */
function removeOldBuild() {
  if (!existsSync(inRoot('dist'))) return;
  for (const name of readdirSync(inRoot('dist'))) {
    if (name !== 'graphiql') rmSync(inRoot(`dist/${name}`), { recursive: true });
  }
}

/**
 * Runs a command and reports its progress: in place on a terminal, otherwise one line every ten seconds. The command's
 * output is shown only if it fails, including stdout, where tsc writes its errors.
 */
async function run(title, command, args) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say(`${title}…`);
  const { isTTY } = process.stderr;
  const timer = setInterval(
    () => (isTTY ? process.stderr.write(`\r  ${seconds()} s `) : say(`  still running after ${seconds()} s`)),
    isTTY ? 1_000 : 10_000,
  );
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(
        code === 0
          ? undefined
          : `${basename(command)} ${basename(args[0])} ended with ${signal ?? `exit code ${code}`}.`,
      ),
    );
  });
  clearInterval(timer);
  if (isTTY) process.stderr.write('\r\x1b[K');
  if (failure !== undefined) stop(`${output}${failure}`);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function stop(message) {
  say(message);
  process.exit(1);
}
