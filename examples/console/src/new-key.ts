import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { flushSync } from 'react-dom';
import { type Failure, toFailure } from './failure.ts';
import type { SigningAlgorithm } from './gql/graphql.ts';
import { createKey, type NewKey } from './keys.ts';
import { guardRoute } from './route.ts';

/**
 * Whether the public half of a new key is registered at IAM. `maybe`: the request is running, or its response was lost.
 * From `maybe` on the private half must not be lost, because nothing can bring it back.
 */
type Registration = 'no' | 'maybe' | 'yes';

export interface KeyInProgress {
  readonly key: NewKey | undefined;
  readonly registration: Registration;
  readonly isBusy: boolean;
  /** Why the last attempt failed. */
  readonly error: unknown;
  readonly isSaved: boolean;
  /** Whether the question is open that comes before an unsaved key is given up. */
  readonly isAsking: boolean;
  readonly setSaved: () => void;
  /** Closes, or asks first when the key would be lost. */
  readonly close: () => void;
  /** Takes the question back. */
  readonly keep: () => void;
  /**
   * Calls `send` with a new key, or with the last one as long as that may be registered. `send` resolves to whether IAM
   * accepted the key. When it throws, the error says whether IAM may have accepted it all the same.
   */
  readonly register: (algorithm: SigningAlgorithm, send: (key: NewKey) => Promise<boolean>) => Promise<void>;
}

/** A key pair from its creation until its private half is saved. Until then, everything that would lose it asks first. */
export function useNewKey(onClose: () => void): KeyInProgress {
  const [key, setKey] = useState<NewKey>();
  const [registration, setRegistration] = useState<Registration>('no');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isSaved, setSaved] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const isUnsaved = registration !== 'no' && !isSaved;
  const isClosed = useIsClosed();
  useHold(registration !== 'no');
  useLayoutEffect(() => (isUnsaved ? guardPage(() => setAsking(true)) : undefined), [isUnsaved]);

  const register: KeyInProgress['register'] = async (algorithm, send) => {
    setBusy(true);
    setError(undefined);
    try {
      const next = isReusable(key, registration, algorithm) ? key : await createKey(algorithm);
      // An RSA key takes seconds. Nothing was sent yet, so nothing is lost.
      if (isClosed.current) return;
      // The guard is set before the request is sent.
      flushSync(() => {
        if (next !== key) setSaved(false);
        setKey(next);
        setRegistration((before) => (before === 'no' ? 'maybe' : before));
      });
      // What is not known after an earlier request stays unknown, also when this one is rejected.
      setRegistration((await send(next)) ? 'yes' : registration);
      setAsking(false);
    } catch (reason) {
      setError(reason);
      if (registration === 'no' && !toFailure(reason).mayHaveSucceeded) setRegistration('no');
    }
    setBusy(false);
  };

  return {
    key,
    registration,
    isBusy,
    error,
    isSaved,
    isAsking: isAsking && isUnsaved,
    setSaved: () => setSaved(true),
    close: () => (isUnsaved ? setAsking(true) : onClose()),
    keep: () => setAsking(false),
    register,
  };
}

/** Why the last attempt failed. Whether IAM has the key depends on all attempts: an earlier one may have got through. */
export function failureOf({ error, registration }: KeyInProgress): Failure | undefined {
  return error ? { ...toFailure(error), mayHaveSucceeded: registration === 'maybe' } : undefined;
}

function isReusable(
  key: NewKey | undefined,
  registration: Registration,
  algorithm: SigningAlgorithm,
): key is NewKey {
  return key !== undefined && (registration !== 'no' || key.signingAlgorithm === algorithm);
}

/** The back button and other addresses call `onLeave`. Before a reload, and before the tab closes, the browser asks. */
function guardPage(onLeave: () => void): () => void {
  const releaseRoute = guardRoute(onLeave);
  const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
  addEventListener('beforeunload', onBeforeUnload);
  return () => {
    releaseRoute();
    removeEventListener('beforeunload', onBeforeUnload);
  };
}

/** Whether the component that calls this has left the page. */
export function useIsClosed(): { readonly current: boolean } {
  const isClosed = useRef(false);
  useEffect(() => {
    isClosed.current = false;
    return () => {
      isClosed.current = true;
    };
  }, []);
  return isClosed;
}

/** How many dialogs hold a key that is, or may be, registered. */
let holds = 0;
const listeners = new Set<() => void>();

function useHold(isHeld: boolean): void {
  useLayoutEffect(() => {
    if (!isHeld) return undefined;
    changeHolds(1);
    return () => changeHolds(-1);
  }, [isHeld]);
}

function changeHolds(by: number): void {
  holds += by;
  for (const listener of listeners) listener();
}

/** Whether a dialog with a private key is open, so that the end of a session must not take it from the page. */
export function useIsKeyHeld(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => holds > 0,
  );
}
