import { useMutation } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { toFailure } from '../failure.ts';
import { type SigningAlgorithm, UpdateTokenDocument } from '../gql/graphql.ts';
import { createKey, type NewKey } from '../keys.ts';
import { Dialog } from './Dialog.tsx';
import { AlgorithmField, PrivateKey } from './KeyFields.tsx';
import { Notice } from './Notice.tsx';
import type { Token } from './TokenDetails.tsx';

interface RotateDialogProps {
  readonly token: Token;
  readonly onClose: () => void;
  readonly onChanged: (message: string) => void;
}

/** A new key in the place of the old one, which stops working. */
export function RotateDialog({ token, onClose, onChanged }: RotateDialogProps) {
  const [algorithm, setAlgorithm] = useState<SigningAlgorithm>(
    token.authenticationMethod.signingAlgorithm ?? 'ES256',
  );
  const [newKey, setNewKey] = useState<NewKey>();
  const [isSaved, setSaved] = useState(false);
  const [update, { data, error, loading }] = useMutation(UpdateTokenDocument);
  const [problem] = data?.updateToken?.userErrors ?? [];

  const send = async (event: FormEvent) => {
    event.preventDefault();
    // The same key again after a failure: if the last one got through, it is the right one.
    const key = newKey?.signingAlgorithm === algorithm ? newKey : await createKey(algorithm);
    setNewKey(key);
    const publicKeyInfo = { jwks: { keys: [key.publicJwk] } };
    const input = { id: token.id, authenticationMethod: { signingAlgorithm: algorithm, publicKeyInfo } };
    try {
      const answer = await update({ variables: { input } });
      if (answer.data?.updateToken?.token) onChanged(`${token.name} has a new key`);
    } catch {
      // `error` has it.
    }
  };

  if (data?.updateToken?.token && newKey) {
    return (
      <Dialog title={`${token.name} has a new key`} onClose={onClose}>
        <PrivateKey newKey={newKey} name={token.name} isSaved={isSaved} onSaved={() => setSaved(true)} />
        <div className="actions">
          <button type="button" onClick={onClose}>
            {isSaved ? 'Done' : 'Close without the key'}
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Rotate the key of ${token.name}`} onClose={onClose}>
      <form onSubmit={send}>
        <p>Programs that sign in with the old key will stop working as soon as the new one is registered.</p>
        <AlgorithmField value={algorithm} onChange={setAlgorithm} />
        {problem && (
          <p className="refusal" role="alert">
            {problem.message}
          </p>
        )}
        {error && (
          <Notice
            failure={toFailure(error)}
            retryHint="It may have been changed: trying again registers the same key."
          />
        )}
        <div className="actions">
          <button type="submit" className="primary" disabled={loading}>
            {error ? 'Try again' : 'Register a new key'}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
