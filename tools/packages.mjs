import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Installs the packages of `folder`, called `name` in messages, unless they are there. Ends this process on failure. */
export function install(folder, name) {
  if (isInstalled(folder)) return;
  console.error(`Installing ${name}…`);
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(1);
}

/**
 * Whether `folder` has the packages of its lock file, by the list that npm leaves in `node_modules`. Optional packages may
 * be missing: they are for other platforms.
 */
export function isInstalled(folder) {
  const list = join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(list)) return false;
  const installed = readPackages(list);
  const locked = Object.entries(readPackages(join(folder, 'package-lock.json')));
  return locked.every(([path, { version, optional }]) => {
    if (path === '') return true;
    return installed[path] ? installed[path].version === version : optional === true;
  });
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/** Time of the newest change below `path`, in milliseconds. A folder changes when a file is added or removed. */
export function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}
