import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether `folder` has what its lock file says. npm leaves a list of what it installed; optional packages are for other
 * machines when they are not on it.
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
