import { useMutation } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { toFailure } from '../failure.ts';
import { type SigningAlgorithm, UpdateTokenDocument } from '../gql/graphql.ts';
import { useNewKey } from '../new-key.ts';
import { Dialog } from './Dialog.tsx';
import { AlgorithmField, KeyGuard, PrivateKey } from './KeyFields.tsx';
import { Notice } from './Notice.tsx';
import type { Token } from './TokenDetails.tsx';

interface RotateDialogProps {
  readonly token: Token;
  readonly onClose: () => void;
  readonly onChanged: (message: string) => void;
}

/** Registers a new key in place of the old one, which stops working. */
export function RotateDialog({ token, onClose, onChanged }: RotateDialogProps) {
  const [algorithm, setAlgorithm] = useState<SigningAlgorithm>(
    token.authenticationMethod.signingAlgorithm ?? 'ES256',
  );
  const progress = useNewKey(onClose);
  const { key, registration, isBusy, isSaved, setSaved, close } = progress;
  const [update, { data, error }] = useMutation(UpdateTokenDocument);
  const [problem] = data?.updateToken?.userErrors ?? [];

  const send = (event: FormEvent) => {
    event.preventDefault();
    void progress.register(algorithm, async ({ publicJwk }) => {
      const publicKeyInfo = { jwks: { keys: [publicJwk] } };
      const input = { id: token.id, authenticationMethod: { signingAlgorithm: algorithm, publicKeyInfo } };
      const { data: changed } = await update({ variables: { input } });
      const isChanged = Boolean(changed?.updateToken?.token);
      if (isChanged) onChanged(`${token.name} has a new key`);
      return isChanged;
    });
  };

  const isDone = key && registration === 'yes';
  return (
    <Dialog
      title={isDone ? `${token.name} has a new key` : `Rotate the key of ${token.name}`}
      onClose={close}
    >
      <KeyGuard progress={progress} name={token.name} onDiscard={onClose}>
        {isDone ? (
          <PrivateKey newKey={key} name={token.name} isSaved={isSaved} onSaved={setSaved} onClose={close} />
        ) : (
          <form onSubmit={send}>
            <fieldset disabled={registration !== 'no'}>
              <p>Programs that sign in with the old key stop working as soon as the new one is registered.</p>
              <AlgorithmField value={algorithm} onChange={setAlgorithm} />
            </fieldset>
            {problem && (
              <p className="refusal" role="alert">
                {problem.message}
              </p>
            )}
            {error && !isBusy && (
              <Notice
                failure={toFailure(error)}
                retryHint="It may have been changed: trying again registers the same key."
              />
            )}
            <div className="actions end">
              <button type="button" onClick={close}>
                Cancel
              </button>
              <button type="submit" className="primary" disabled={isBusy}>
                {error && !isBusy ? 'Try again' : 'Register a new key'}
              </button>
            </div>
          </form>
        )}
      </KeyGuard>
    </Dialog>
  );
}
