// Runs a test suite: `npm test -- [jest arguments]` the everyday one, `npm run test:suite -- NAME [jest arguments]` another.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SUITES } from '../jest.config.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What has to run before a suite. */
const PREPARATIONS = {
  browser: [['tools/graphiql/build.mjs'], ['examples/console/prepare.mjs', '--build']],
  clients: [['test/clients/prepare.mjs']],
};

const { suite, jestArguments } = readArguments(process.argv.slice(2));
run(['tools/prepare.mjs']);
for (const command of PREPARATIONS[suite] ?? []) run(command);
run([
  // As `npm start` does: with small young generations, jest's modules take a tenth more CPU time.
  '--max-semi-space-size=64',
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  ...jestArguments,
]);

function readArguments([first, ...rest]) {
  if (first !== '--suite')
    return { suite: 'everyday', jestArguments: first === undefined ? [] : [first, ...rest] };
  const [name, ...jestArguments] = rest;
  if (SUITES.includes(name)) return { suite: name, jestArguments };
  console.error(`Usage: npm run test:suite -- NAME [jest arguments], where NAME is ${SUITES.join(', ')}.`);
  process.exit(1);
}

/** Runs Node.js with `args`. If it fails, ends this process with its exit code. */
function run(args) {
  const env = { ...process.env, TEST_SUITE: suite };
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
