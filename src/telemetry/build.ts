import { readFileSync } from 'node:fs';

export type Build = ReturnType<typeof readBuild>;

/** The version is that of `package.json`. A build may write the commit that it was made from into `dist/revision`. */
export function readBuild() {
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
