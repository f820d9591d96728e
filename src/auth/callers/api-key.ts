import { readApiKeys } from '../../config/api-keys.ts';
import { MAX_FILE_BYTES } from '../../config/read-file.ts';
import { watchTextFile } from '../../text-file.ts';
import { type AuthDependencies, AuthError, type CallerCheck, readBearer, sha256 } from '../authenticator.ts';

/**
 * Uses the keys of the file as it was read at the start, and reads it again when it changes: a removed key stops working
 * within about a second. A file that cannot be used is reported, and the previous keys stay in use.
 *
 * Keys are looked up by their hash. The time of a look-up may reveal how a hash begins, but nobody can choose a key by the
 * beginning of its SHA-256, so no constant-time comparison is needed.
 */
export function openApiKeys(
  { file, text }: { readonly file: string; readonly text: string },
  { log, closing }: Pick<AuthDependencies, 'log' | 'closing'>,
): CallerCheck {
  let { keys } = readApiKeys(text);
  const stopWatching = watchTextFile(file, {
    maxBytes: MAX_FILE_BYTES.CALLER_API_KEYS_FILE,
    text,
    onText(next) {
      const changed = readApiKeys(next);
      if (changed.problems.length > 0) throw new Error(changed.problems.join(' '));
      keys = changed.keys;
      log.info({ keys: keys.size }, 'API keys were read again');
    },
    onFailure: (reason) =>
      log.warn({ reason }, 'the previous API keys stay in use: correct CALLER_API_KEYS_FILE'),
  });
  closing.onCancel(stopWatching);
  return (authorization) => {
    const principal = sha256(readBearer(authorization));
    const key = keys.get(principal);
    if (key === undefined) throw new AuthError('unauthenticated', UNKNOWN_KEY);
    return { principal, mayWrite: key.role === 'write' };
  };
}

const UNKNOWN_KEY = 'Send `Authorization: Bearer <API key>` with a key that is registered here.';
