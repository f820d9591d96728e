import { useMutation } from '@apollo/client/react';
import { type FormEvent, useRef, useState } from 'react';
import { changeTokenList } from '../cached-list.ts';
import { toFailure } from '../failure.ts';
import { CreateTokenDocument, type SigningAlgorithm, TokenRowFragmentDoc } from '../gql/graphql.ts';
import { createKey, type NewKey } from '../keys.ts';
import { Dialog } from './Dialog.tsx';
import { AlgorithmField, PrivateKey } from './KeyFields.tsx';
import { Notice } from './Notice.tsx';

interface CreateDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (token: { readonly id: string; readonly name: string }) => void;
}

/** What is sent again after a lost answer must be the same: its key pair, and its idempotency key. */
interface Attempt {
  readonly name: string;
  readonly key: NewKey;
  readonly idempotencyKey: string;
}

export function CreateDialog({ onClose, onCreated }: CreateDialogProps) {
  const [name, setName] = useState('');
  const [algorithm, setAlgorithm] = useState<SigningAlgorithm>('ES256');
  const [isSaved, setSaved] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const attempt = useRef<Attempt>(undefined);
  const [create, { data, error }] = useMutation(CreateTokenDocument, {
    update(cache, { data: made }) {
      const token = made?.createToken?.token;
      if (!token) return;
      const ref = cache.writeFragment({
        fragment: TokenRowFragmentDoc,
        fragmentName: 'TokenRow',
        data: token,
      });
      if (ref)
        changeTokenList(cache, (edges) => [{ __typename: 'TokenEdge', cursor: '', node: ref }, ...edges]);
    },
  });
  const token = data?.createToken?.token;
  const problems = data?.createToken?.userErrors ?? [];

  const send = async (event?: FormEvent) => {
    event?.preventDefault();
    setBusy(true);
    const last = attempt.current;
    const isSame = last && last.name === name && last.key.signingAlgorithm === algorithm;
    const { key, idempotencyKey } = isSame
      ? last
      : { key: await createKey(algorithm), idempotencyKey: crypto.randomUUID() };
    attempt.current = { name, key, idempotencyKey };
    const authenticationMethod = {
      signingAlgorithm: algorithm,
      publicKeyInfo: { jwks: { keys: [key.publicJwk] } },
    };
    try {
      const answer = await create({ variables: { input: { name, authenticationMethod, idempotencyKey } } });
      const made = answer.data?.createToken?.token;
      if (made) onCreated(made);
    } catch {
      // `error` has it; what was tried is kept for the next time.
    } finally {
      setBusy(false);
    }
  };

  if (token && attempt.current) {
    return (
      <Dialog title={`${token.name} is ready`} onClose={onClose}>
        <PrivateKey
          newKey={attempt.current.key}
          name={token.name}
          isSaved={isSaved}
          onSaved={() => setSaved(true)}
        />
        <div className="actions">
          <button type="button" onClick={onClose}>
            {isSaved ? 'Done' : 'Close without the key'}
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="New token" onClose={onClose}>
      <form onSubmit={send}>
        <label htmlFor="name">Name</label>
        <input
          id="name"
          value={name}
          minLength={3}
          required
          aria-invalid={problems.length > 0}
          aria-describedby="name-problems"
          onChange={(event) => setName(event.target.value)}
        />
        <div id="name-problems" className="refusal" role="alert">
          {problems.map(({ message }) => message).join(' ')}
        </div>
        <AlgorithmField value={algorithm} onChange={setAlgorithm} />
        {error && (
          <Notice
            failure={toFailure(error)}
            retryHint="It may have been created: trying again gives you that token, not a second one."
          />
        )}
        <div className="actions">
          <button type="submit" className="primary" disabled={isBusy}>
            {buttonText(isBusy, error !== undefined)}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function buttonText(isBusy: boolean, hasFailed: boolean): string {
  if (isBusy) return 'Creating…';
  return hasFailed ? 'Try again' : 'Create token';
}
