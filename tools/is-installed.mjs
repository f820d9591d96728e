import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
