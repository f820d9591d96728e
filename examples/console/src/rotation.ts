import { useApolloClient, useMutation } from '@apollo/client/react';
import { useState } from 'react';
import {
  type JsonWebKeyInput,
  type SigningAlgorithm,
  type TokenDetailsFragment,
  UpdateTokenDocument,
} from './gql/graphql.ts';
import type { NewKey } from './keys.ts';
import { type KeyInProgress, useNewKey } from './new-key.ts';
import {
  CHANGED_MEANWHILE,
  keysOf,
  overlapAlgorithm,
  readKeys,
  type TokenKeys,
  toInput,
} from './token-keys.ts';

interface RotationOptions {
  readonly token: TokenDetailsFragment;
  readonly onClose: () => void;
  readonly onRegistered: (isOverlap: boolean) => void;
}

export interface Rotation {
  /** As they were at the start: the form must not change under its user. */
  readonly keys: TokenKeys;
  /** The new key is accepted beside the present ones, in place of replacing them. */
  readonly isOverlap: boolean;
  readonly setOverlap: (isOverlap: boolean) => void;
  readonly algorithm: SigningAlgorithm;
  readonly setAlgorithm: (algorithm: SigningAlgorithm) => void;
  /** Why IAM did not accept the keys. */
  readonly rejection: string | undefined;
  readonly progress: KeyInProgress;
  readonly send: () => void;
}

/** A new key for a token: beside the present ones, so that nothing stops working, or in their place. */
export function useRotation({ token, onClose, onRegistered }: RotationOptions): Rotation {
  const [keys] = useState(() => keysOf(token));
  const shared = overlapAlgorithm(keys);
  const [isOverlap, setOverlap] = useState(shared !== undefined);
  const [chosen, setAlgorithm] = useState(token.authenticationMethod.signingAlgorithm ?? 'ES256');
  const [rejection, setRejection] = useState<string>();
  const client = useApolloClient();
  const progress = useNewKey(onClose);
  const [update] = useMutation(UpdateTokenDocument);
  const algorithm = isOverlap && shared ? shared : chosen;

  const replaceKeys = async (next: JsonWebKeyInput[]): Promise<boolean> => {
    const authenticationMethod = {
      signingAlgorithm: algorithm,
      publicKeyInfo: { jwks: { keys: next } },
    };
    const { data } = await update({ variables: { input: { id: token.id, authenticationMethod } } });
    setRejection(data?.updateToken?.userErrors[0]?.message);
    return Boolean(data?.updateToken?.token);
  };
  const addKey = async (added: JsonWebKeyInput): Promise<boolean> => {
    const present = await readKeys(client, token.id);
    if (!present) {
      setRejection(CHANGED_MEANWHILE);
      return false;
    }
    // After a lost response the new key may be among them.
    const others = present.filter(({ kid }) => kid !== added.kid);
    return replaceKeys([...others.map((key) => toInput(key, algorithm)), added]);
  };
  const register = async ({ publicJwk }: NewKey): Promise<boolean> => {
    const isChanged = await (isOverlap ? addKey(publicJwk) : replaceKeys([publicJwk]));
    if (isChanged) onRegistered(isOverlap);
    return isChanged;
  };
  const send = () => {
    setRejection(undefined);
    void progress.register(algorithm, register);
  };
  return { keys, isOverlap, setOverlap, algorithm, setAlgorithm, rejection, progress, send };
}
