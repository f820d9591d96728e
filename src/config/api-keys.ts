/** One line of the file of API keys. Only the owner has the key itself. */
interface ApiKey {
  readonly name: string;
  readonly role: 'read' | 'write';
  readonly sha256: string;
}

/**
 * Reads a file of API keys: lines of `name:role:sha256hex`, by their hash. Blank lines and those that start with `#` are
 * skipped. Problems name the line but not its contents, because a key may have been pasted there by mistake.
 */
export function readApiKeys(text: string) {
  const keys = new Map<string, ApiKey>();
  const problems: string[] = [];
  for (const [index, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('#')) continue;
    const key = parseLine(line);
    const problem = typeof key === 'string' ? key : findClash(key, keys);
    if (problem !== undefined) problems.push(`line ${index + 1}: ${problem}`);
    if (typeof key !== 'string') keys.set(key.sha256, key);
  }
  if (keys.size === 0 && problems.length === 0)
    problems.push('Expected at least one line of name:role:sha256hex.');
  return { keys, problems: shorten(problems) };
}

function parseLine(line: string): ApiKey | string {
  const [name = '', role, hash = '', ...rest] = line.split(':').map((part) => part.trim());
  if (hash === '' || rest.length > 0) return 'Expected name:role:sha256hex.';
  if (!/^[\w.-]{1,64}$/.test(name)) return 'Expected the name to be 1 to 64 letters, digits or any of ._-';
  if (role !== 'read' && role !== 'write') return 'Expected the role to be read or write.';
  if (!/^[0-9a-f]{64}$/i.test(hash)) return 'Expected the SHA-256 of the key, 64 hexadecimal digits.';
  return { name, role, sha256: hash.toLowerCase() };
}

function findClash(key: ApiKey, others: ReadonlyMap<string, ApiKey>): string | undefined {
  if ([...others.values()].some(({ name }) => name === key.name)) return 'Expected the name to be unique.';
  return others.has(key.sha256) ? 'Expected the key to be listed once.' : undefined;
}

const MAX_PROBLEMS = 10;

/** A wrong file may have thousands of lines. */
function shorten(problems: readonly string[]): readonly string[] {
  const more = problems.length - MAX_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `${more} more lines are wrong.`] : problems;
}
