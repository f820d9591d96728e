import { ConfigError } from '../../config/config.ts';
import { MAX_FILE_BYTES } from '../../config/read-file.ts';
import { watchTextFile } from '../../text-file.ts';
import { AuthError } from '../auth-error.ts';
import type { AuthDependencies, CallerCheck } from '../authenticator.ts';
import { readBearer, sha256 } from '../bearer.ts';

/** One line of the file of API keys. Only the owner has the key itself. */
interface ApiKey {
  readonly name: string;
  readonly role: 'read' | 'write';
  /** SHA-256 of the key, lower-case hex. */
  readonly sha256: string;
}

/**
 * Uses the keys of the file as it was read at the start, and reads it again when it changes: a key that was removed ends
 * within a second or so. A file that cannot be used is reported, and the keys before it stay in use. Throws `ConfigError`.
 *
 * Keys are looked up by their hash. The time of a look-up may reveal how a hash begins, but nobody can choose a key by the
 * beginning of its SHA-256, so no constant-time comparison is needed.
 */
export function openApiKeys(
  { file, text }: { readonly file: string; readonly text: string },
  { log, closing }: Pick<AuthDependencies, 'log' | 'closing'>,
): CallerCheck {
  let used = text;
  const { keys: first, problems } = readKeys(text);
  if (problems.length > 0)
    throw new ConfigError(problems.map((problem) => `CALLER_API_KEYS_FILE: ${problem}`));
  let keys = first;
  const stopWatching = watchTextFile(file, {
    maxBytes: MAX_FILE_BYTES.CALLER_API_KEYS_FILE,
    onText(next) {
      if (next === used) return;
      const changed = readKeys(next);
      if (changed.problems.length > 0) throw new Error(changed.problems.join(' '));
      used = next;
      keys = changed.keys;
      log.info({ keys: keys.size }, 'API keys were read again');
    },
    onFailure: (reason) => log.warn({ reason }, 'API keys stay as they were: correct CALLER_API_KEYS_FILE'),
  });
  closing.onCancel(stopWatching);
  return (authorization) => {
    const principal = sha256(readBearer(authorization));
    const key = keys.get(principal);
    if (key === undefined) throw new AuthError('unauthenticated', UNKNOWN_KEY);
    return { principal, mayRead: true, mayWrite: key.role === 'write' };
  };
}

const UNKNOWN_KEY = 'Send `Authorization: Bearer <API key>` with a key that is registered here.';

/**
 * Reads lines of `name:role:sha256hex`, by their hash; blank lines and those that start with `#` are skipped. Problems
 * name the line and not its contents: a key may have been pasted in by mistake.
 */
function readKeys(text: string) {
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
  return { keys, problems };
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
