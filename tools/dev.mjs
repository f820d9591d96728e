// `npm run dev`: the gateway over the emulator, rebuilt and restarted whenever a source file changes.
import { spawn } from 'node:child_process';
// Importing it also installs and builds what is missing.
import { COMPILE, root } from './prepare.mjs';

const env = { EXPLORER: 'sandbox', ...process.env };
// An empty value is the same as none.
if (!env.API_GATEWAY_URL) env.EMULATOR ||= 'true';

// Each is a group of its own, because tsc starts a process that does not end with it.
const children = [
  [...COMPILE, '--watch', '--preserveWatchOutput'],
  ['--watch-path=dist', '--watch-path=schema', '--watch-preserve-output', 'dist/main.js'],
].map((args) => spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit', detached: true }));

const stop = () => {
  for (const { pid } of children) endGroup(pid);
};
const endGroup = (group) => {
  try {
    process.kill(-group, 'SIGTERM');
  } catch {
    // All of it has ended.
  }
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
for (const child of children) child.once('exit', stop);
