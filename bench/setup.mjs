/** Installs the peers that need packages of their own, as their lock files say. `npm ci` at the root does not. */
import { spawnSync } from 'node:child_process';
import { folderOf, PEERS, titleOf } from './peers/index.mjs';

let failed = false;
for (const peer of Object.values(PEERS).filter(({ folder }) => folder !== undefined)) {
  console.log(`Installing ${titleOf(peer)}`);
  const { status } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folderOf(peer),
      stdio: 'inherit',
    },
  );
  failed ||= status !== 0;
}
// Tailcall, for one, is built for few machines: the others run without it.
if (failed) console.log('What could not be installed is left out of the comparison.');
process.exitCode = failed ? 1 : 0;
