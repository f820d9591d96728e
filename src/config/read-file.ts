import type { Environment } from './environment.ts';

/** Reads a text file whole; throws when it cannot. */
export type ReadFile = (path: string) => string;

/** The reason of a failed read is left out: a path that is a pasted key would be in its message. */
export function readNamedFile(
  { values, refuse }: Environment,
  name: 'PRIVATE_KEY_FILE' | 'CALLER_API_KEYS_FILE' | 'TRUSTED_DOCUMENTS',
  readFile: ReadFile,
): string | undefined {
  const path = values[name];
  if (path === undefined) return undefined;
  try {
    const content = readFile(path);
    if (content.trim() !== '') return content;
    refuse(`Expected ${name} to name a file that is not empty`);
  } catch {
    refuse(`Expected ${name} to name a file that this process can read`);
  }
  return undefined;
}
