// `npm run check`: what must pass before a commit. `--static` leaves out the tests.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const CHECKS = [
  ['tools/prepare.mjs'],
  ['node_modules/.bin/graphql-codegen', '--check'],
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'],
  ['node_modules/typescript/bin/tsc', '-p', 'test/tsconfig.json'],
  ['node_modules/.bin/biome', 'check', '--error-on-warnings'],
  ...(process.argv.includes('--static') ? [] : [['tools/test.mjs']]),
];

for (const args of CHECKS) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
