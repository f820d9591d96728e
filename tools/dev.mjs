// `npm run dev`: the gateway over the emulator, rebuilt and restarted whenever a source file changes.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// With the state that `prepare.mjs` leaves. Otherwise the compiler would write all files again, which restarts the gateway.
const COMPILE =
  'node_modules/typescript/bin/tsc -p tsconfig.json --incremental --tsBuildInfoFile dist/.tsbuildinfo'.split(
    ' ',
  );
const root = fileURLToPath(new URL('..', import.meta.url));
const { status } = spawnSync(process.execPath, ['tools/prepare.mjs'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);

const env = { EXPLORER: 'sandbox', ...process.env };
// An empty value is the same as none.
if (!env.API_GATEWAY_URL) env.EMULATOR ||= 'true';

const children = [
  [...COMPILE, '--watch', '--preserveWatchOutput'],
  ['--watch-path=dist', '--watch-path=schema', '--watch-preserve-output', 'dist/main.js'],
].map((args) => spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' }));

const stop = () => {
  for (const child of children) child.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
for (const child of children) child.once('exit', stop);
