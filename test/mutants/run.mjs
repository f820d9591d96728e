// Puts one known defect at a time into a copy of the sources and sees whether the tests notice it.
// `npm run test:mutants` runs all; `npm run test:mutants -- jwt` those with "jwt" in the name or the file;
// `--why` prints the first test that failed; `--list` only checks that each defect fits the source and the test titles.
// With `--tests-passed` the caller has seen all tests pass: then only two of them are run without a defect.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyDefect } from './anchor.mjs';
import { defects as all } from './defects.mjs';
import { hasTitle } from './titles.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'test', 'schema', 'docs', 'README.md', 'package.json', 'jest.config.js'];
const WORKERS = 2;
const JEST_LIMIT_MS = 300_000;
/** Far above what a good test takes on a busy machine: a defect is caught by what it breaks, not by the load. */
const TEST_LIMIT_MS = 10_000;
const JEST_OPTIONS = {
  $0: 'jest',
  runInBand: true,
  runTestsByPath: true,
  testTimeout: TEST_LIMIT_MS,
  ci: true,
  silent: true,
  reporters: [],
};

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const defects = all.filter(({ name, file }) =>
  words.every((word) => `${name} ${file}`.toLowerCase().includes(word.toLowerCase())),
);
if (defects.length === 0) stop('No defect has such a name or file.');
const misplaced = defects.map(findMisplacement).filter(Boolean);
if (misplaced.length > 0)
  stop('These do not fit the source or the tests: describe them for the new code.', misplaced);
if (process.argv.includes('--list')) {
  for (const { file, name } of defects) console.log(`${file}  ${name}`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
/** The running process for each copy. */
const jests = new Map();
process.on('exit', () => {
  for (const child of jests.values()) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const startedAt = performance.now();
const copies = Array.from({ length: WORKERS }, (_, index) => createCopy(join(folder, `copy-${index}`)));

await checkCopies(process.argv.includes('--tests-passed'));
const queue = [...defects];
const survivors = [];
await Promise.all(copies.map(work));
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.log(`${defects.length - survivors.length} of ${defects.length} defects caught in ${seconds} s`);
if (survivors.length > 0) stop('No test noticed these:', survivors);
process.exit();

/** Undefined for a defect that can be made. */
function findMisplacement(defect) {
  const { file, name, tests, only } = defect;
  const missing = [file, ...tests].filter((path) => !existsSync(join(ROOT, path)));
  if (missing.length > 0) return `${name}: there is no ${missing.join(', ')}`;
  if (only && !tests.some((path) => hasTitle(readFileSync(join(ROOT, path), 'utf8'), only)))
    return `${name}: no title in ${tests.join(', ')} has \`${only}\``;
  try {
    applyDefect(readFileSync(join(ROOT, file), 'utf8'), defect);
    return undefined;
  } catch (error) {
    return `${file}  ${name}: ${error.message}`;
  }
}

function createCopy(copy) {
  // The packages of other suites are larger than all the rest. What a suite generates may change while it is copied.
  const filter = (path) => !/\/(node_modules|generated)$/.test(path);
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true, filter });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Without a defect the tests must pass in the copies too: else every defect would seem to be caught. */
async function checkCopies(isSample) {
  const whole = defects.filter(({ only }) => !only).slice(0, isSample ? 1 : undefined);
  const parts = defects.filter(({ only }) => only).slice(0, isSample ? 1 : undefined);
  const runs = [];
  if (whole.length > 0) runs.push(runJest(copies[0], testsOf(whole)));
  if (parts.length > 0) {
    runs.push(runJest(copies[1], testsOf(parts), parts.map(({ only }) => only).join('|')));
  }
  const reports = await Promise.all(runs);
  for (const { isPassed, failed, output } of reports) {
    if (!isPassed) stop('The tests fail without any defect:', failed.length > 0 ? failed : [output]);
  }
}

function testsOf(some) {
  return [...new Set(some.flatMap(({ tests }) => tests))];
}

async function work(copy) {
  for (let defect = queue.shift(); defect; defect = queue.shift()) {
    const { name, file, tests, only } = defect;
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    writeFileSync(path, applyDefect(original, defect));
    const { failed, output } = await runJest(copy, tests, only);
    writeFileSync(path, original);
    // What keeps the tests from running at all (a syntax error) was noticed by no test.
    const isCaught = failed.length > 0;
    if (!isCaught) survivors.push(defect);
    console.log(`${isCaught ? 'caught  ' : 'SURVIVED'}  ${file}  ${name}`);
    if (process.argv.includes('--why')) console.log(`            ${failed[0] ?? output.slice(-2000)}`);
  }
}

/** Resolves to whether all tests of `paths` passed, or those of them that `only` selects, and to the titles of those that failed. */
async function runJest(copy, paths, only) {
  const ask = { ...JEST_OPTIONS, cacheDirectory: join(copy, 'cache'), testNamePattern: only, _: paths };
  // The process may end by what an earlier defect left behind, or at its limit of memory.
  const report = (await askJest(copy, ask)) ?? (await askJest(copy, ask));
  return report ?? { isPassed: false, failed: [], output: 'Jest ended without a report.' };
}

/** Resolves to undefined if the process ends before it reports. */
async function askJest(copy, ask) {
  const child = jests.get(copy) ?? startJest(copy);
  const answered = new AbortController();
  const { signal } = answered;
  const timer = setTimeout(() => child.kill('SIGKILL'), JEST_LIMIT_MS);
  // An error means that it has ended.
  child.send(ask, () => {});
  try {
    const [report] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'close', { signal }).then(() => []),
    ]);
    return report;
  } finally {
    clearTimeout(timer);
    answered.abort();
  }
}

function startJest(copy) {
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    // A promise that a failed test left behind must not end jest before it reports that test.
    '--unhandled-rejections=warn',
    join(ROOT, 'test/mutants/jest.mjs'),
  ];
  const child = spawn(process.execPath, args, { cwd: copy, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  jests.set(copy, child);
  child.once('exit', () => jests.delete(copy));
  return child;
}

function stop(message, list = []) {
  console.log(message);
  for (const one of list) console.log(`  ${typeof one === 'string' ? one : `${one.file}  ${one.name}`}`);
  process.exit(1);
}
