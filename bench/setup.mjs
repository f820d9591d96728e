/** Installs the peers that have packages of their own, by their lock files. `npm ci` at the root does not. */
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
// Some peers, such as Tailcall, exist for few platforms. The others run without them.
if (failed) console.log('Peers that could not be installed are left out of the comparison.');
process.exitCode = failed ? 1 : 0;
