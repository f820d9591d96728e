// Makes a checkout ready to run: installs and builds, each only if it is needed. Needs nothing but Node.js and npm.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './is-installed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => join(root, path);
const BUILT = 'dist/.built';
// What is needed to build is needed even where NODE_ENV=production or a user's npm settings leave it out.
const INSTALL = 'ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stop(`This needs Node.js 20.19 or newer; here is ${process.versions.node}.`);
}
// `--start`: a build that is up to date runs without the packages that only building needs.
const isReady = process.argv.includes('--start') && isBuilt();
if (!isReady && !isInstalled(root)) {
  await run('Installing packages (about a minute)', 'npm', INSTALL.split(' '));
}
if (!isBuilt()) {
  const startedAt = Date.now();
  removeOldBuild();
  await run('Building', process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
  writeFileSync(inRoot('dist/revision'), readRevision());
  writeFileSync(inRoot(BUILT), `${startedAt}\n`);
}

// Only where it is asked for: it takes half a minute.
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

/** The commit that is built, as the metrics and `/readyz` name it. Empty where this is no checkout of git. */
function readRevision() {
  const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout ?? '';
}

/** Files of a module that was moved or deleted would stay. GraphiQL's bundle has a build of its own. */
function removeOldBuild() {
  if (!existsSync(inRoot('dist'))) return;
  for (const name of readdirSync(inRoot('dist'))) {
    if (name !== 'graphiql') rmSync(inRoot(`dist/${name}`), { recursive: true });
  }
}

/** In milliseconds. A folder changes when a file of it comes or goes. */
function newestChange(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

/**
 * Runs a command and reports that it is still at work: in place on a terminal, else one line every ten seconds. The
 * command's own output appears only if it fails. tsc writes its errors to stdout.
 */
async function run(title, command, args) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say(`${title}…`);
  const { isTTY } = process.stderr;
  const timer = setInterval(
    () => (isTTY ? process.stderr.write(`\r  ${seconds()} s `) : say(`  still at it after ${seconds()} s`)),
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
