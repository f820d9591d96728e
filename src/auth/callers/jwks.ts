import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose';
import { explainConnectionFailure } from '../../connection-failure.ts';
import { findJwkProblem, type PublicJwk } from '../../keys/jwk.ts';
import { createWarnLimit } from '../../telemetry/failures.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { type AuthDependencies, AuthError } from '../authenticator.ts';
import { requestJson } from '../json-request.ts';

const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 30_000;
const FIRST_FETCH_COOLDOWN_MS = 1000;

/** Finds the key of a JWT in one set. */
export type KeySet = JWTVerifyGetKey;

export type Jwks = ReturnType<typeof createJwks>;

/**
 * Fetches a key set through our transport and its limits (jose would use its own fetch): when it is older than ten minutes,
 * or on demand, and at most once in 30 s, so that invented key ids do not become requests. Old keys stay in use while the
 * set cannot be fetched.
 */
export function createJwks(url: string, dependencies: AuthDependencies) {
  const { steadyClock, log, closing } = dependencies;
  let keys: KeySet | undefined;
  let fetchedAtMs = 0;
  let triedAtMs: number | undefined;
  let fetching: Promise<void> | undefined;
  let isFailing = false;
  const mayWarn = createWarnLimit();

  /** Resolves also when the set could not be fetched. */
  function refetch(): Promise<void> {
    if (fetching !== undefined) return fetching;
    // Without a key all callers are rejected, so the first fetch is repeated sooner.
    const cooldownMs = keys === undefined ? FIRST_FETCH_COOLDOWN_MS : COOLDOWN_MS;
    if (triedAtMs !== undefined && steadyClock() - triedAtMs < cooldownMs) return Promise.resolve();
    fetching = fetchKeys().finally(() => {
      triedAtMs = steadyClock();
      fetching = undefined;
    });
    return fetching;
  }

  async function fetchKeys(): Promise<void> {
    try {
      const { keys: listed } = await requestJson({ server: 'The key set', url, headers: {} }, dependencies);
      if (!Array.isArray(listed)) throw new TypeError('Expected `keys` to be a list');
      const usable = listed.filter(isUsable).slice(0, MAX_KEYS);
      keys = createLocalJWKSet({ keys: usable });
      fetchedAtMs = steadyClock();
      isFailing = false;
      // Such a set is used nevertheless, because the provider may have withdrawn its keys.
      if (usable.length === 0 && mayWarn('no key'))
        log.warn({}, 'the key set of callers has no key that can be used, so every caller is rejected');
    } catch (error) {
      isFailing = true;
      if (!closing.reason) warn(error);
    }
  }

  function warn(error: unknown): void {
    const { message: reason, code } =
      error instanceof UpstreamError ? error : { message: 'not a JSON Web Key Set', code: undefined };
    const explanation = code === undefined ? {} : explainConnectionFailure(code, 'CALLER_JWKS_URL');
    const fields = { reason, ...explanation, keptKeys: keys !== undefined };
    if (mayWarn(reason)) log.warn(fields, 'the keys of callers could not be fetched');
  }

  /** While there are keys, a server that does not respond delays callers only once, not at every fetch. */
  const update = async () => {
    const fetched = refetch();
    if (keys === undefined || !isFailing) await fetched;
  };
  return {
    /** The set in use. Rejects with `AuthError` when there is none. */
    async current(): Promise<KeySet> {
      if (keys === undefined || steadyClock() - fetchedAtMs >= MAX_AGE_MS) await update();
      if (keys === undefined) throw keysUnavailable();
      return keys;
    },
    /** The set after another fetch, for a JWT that the one in use does not verify. Undefined when the fetch failed. */
    async refreshed(): Promise<KeySet | undefined> {
      await update();
      return isFailing ? undefined : keys;
    },
  };
}

export function keysUnavailable(): AuthError {
  return new AuthError('keys-unavailable', 'Callers cannot be checked at the moment. Try again.');
}

/** A provider has a few keys; a set of thousands would be searched for every token. */
const MAX_KEYS = 100;
const MAX_OKP_CHARS = 76;

/** False for keys that would take long to import, or whose signatures anybody could forge. */
function isUsable(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, x } = key as PublicJwk;
  if (kty === 'RSA' || kty === 'EC') return findJwkProblem(key) === undefined;
  return kty === 'OKP' && typeof x === 'string' && x.length <= MAX_OKP_CHARS;
}
