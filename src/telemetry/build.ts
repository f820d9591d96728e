import { readFileSync } from 'node:fs';

export interface Build {
  readonly version: string;
  /** The commit that it was built from, or `unknown`. */
  readonly revision: string;
  readonly node: string;
}

/** The version is that of `package.json`. A build may write its revision into `dist/revision`. */
export function readBuild(): Build {
  const { version } = JSON.parse(read('package.json') ?? '{}') as { version?: string };
  const revision = read('dist/revision')?.trim() || 'unknown';
  return { version: version ?? 'unknown', revision, node: process.versions.node };
}

/** A file of the project. Works from `src` and from `dist`. */
function read(path: string): string | undefined {
  try {
    return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  } catch {
    return undefined;
  }
}
