import { useApolloClient, useMutation } from '@apollo/client/react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { toFailure } from '../failure.ts';
import { UpdateTokenDocument } from '../gql/graphql.ts';
import { CHANGED_MEANWHILE, readKeys, toInput } from '../token-keys.ts';
import { Dialog } from './Dialog.tsx';
import { DialogFooter, SureField } from './DialogFooter.tsx';
import type { Token } from './TokenDetails.tsx';

interface RemoveKeyDialogProps {
  readonly token: Token;
  readonly kid: string;
  readonly onClose: () => void;
  readonly onChanged: (message: ReactNode) => void;
}

/** The second half of a rotation with overlap: the old key goes, the others stay. */
export function RemoveKeyDialog({ token, kid, onClose, onChanged }: RemoveKeyDialogProps) {
  const client = useApolloClient();
  const [isSure, setSure] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [rejection, setRejection] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [update] = useMutation(UpdateTokenDocument);

  /** Resolves to why the key was not removed; undefined when it is gone. */
  const remove = async (): Promise<string | undefined> => {
    const present = await readKeys(client, token.id);
    if (!present) return CHANGED_MEANWHILE;
    if (!present.some((key) => key.kid === kid)) return undefined;
    const others = present.filter((key) => key.kid !== kid);
    const algorithm = token.authenticationMethod.signingAlgorithm;
    if (others.length === 0 || !algorithm)
      return 'The last key of a token cannot be removed. Add another one first, or delete the token.';
    const publicKeyInfo = { jwks: { keys: others.map((key) => toInput(key, algorithm)) } };
    const input = { id: token.id, authenticationMethod: { signingAlgorithm: algorithm, publicKeyInfo } };
    const { data } = await update({ variables: { input } });
    return data?.updateToken?.userErrors[0]?.message;
  };
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    setRejection(undefined);
    try {
      const problem = await remove();
      setRejection(problem);
      if (problem === undefined) {
        onChanged(
          <>
            Key <bdi>{kid}</bdi> was removed
          </>,
        );
        onClose();
      }
    } catch (reason) {
      setError(reason);
    }
    setBusy(false);
  };

  const failure = error ? toFailure(error) : undefined;
  // The request cannot be called back.
  const close = () => !isBusy && onClose();
  return (
    <Dialog title="Remove this key?" onClose={close}>
      <form onSubmit={send}>
        <p>
          <span className="code">{kid}</span> is removed from <bdi>{token.name}</bdi>. Its other keys stay.
        </p>
        <SureField
          consequence="programs using this key lose access immediately"
          isSure={isSure}
          onChange={setSure}
        />
        <DialogFooter
          className="danger"
          disabled={!isSure || isBusy}
          onCancel={close}
          rejection={rejection}
          failure={failure}
          retryHint="It may have been removed: trying again does no harm."
        >
          {failure ? 'Try again' : 'Remove key'}
        </DialogFooter>
      </form>
    </Dialog>
  );
}
