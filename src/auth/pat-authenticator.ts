import type { Authenticator, Caller, CallerCheck, CallerRights } from './caller.ts';
import type { PatCredential } from './pat/credential.ts';

/** Callers are checked by `callers`; upstream sees the gateway's own credential, never theirs. */
export function createPatAuthenticator({
  credential,
  callers,
}: {
  credential: PatCredential;
  callers: CallerCheck;
}): Authenticator {
  const toCaller = ({ principal, mayRead, mayWrite }: CallerRights): Caller => {
    return { principal, mayRead, mayWrite, credential };
  };
  return {
    credential,
    authenticate(authorization) {
      const rights = callers(authorization);
      return rights instanceof Promise ? rights.then(toCaller) : toCaller(rights);
    },
    close: () => credential.close(),
  };
}
