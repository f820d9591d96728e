import { useMutation } from '@apollo/client/react';
import { type FormEvent, useRef, useState } from 'react';
import { changeTokenList } from '../cached-list.ts';
import { CreateTokenDocument, type SigningAlgorithm, TokenRowFragmentDoc } from '../gql/graphql.ts';
import { failureOf, useIsClosed, useNewKey } from '../new-key.ts';
import { Dialog } from './Dialog.tsx';
import { DialogFooter } from './DialogFooter.tsx';
import { AlgorithmField, KeyGuard, PrivateKey } from './KeyFields.tsx';

interface CreateDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (token: { readonly id: string; readonly name: string }) => void;
}

/**
 * Registers a token with a key pair of this browser. After a lost response the same key, the same input and the same
 * `idempotencyKey` are sent again, so that there is one token in the end.
 */
export function CreateDialog({ onClose, onCreated }: CreateDialogProps) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [algorithm, setAlgorithm] = useState<SigningAlgorithm>('ES256');
  const idempotencyKey = useRef('');
  const isClosed = useIsClosed();
  const progress = useNewKey(onClose);
  const { key, registration, isBusy, isSaved, setSaved, close } = progress;
  const [create, { data }] = useMutation(CreateTokenDocument, {
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
  const ofDescription = problems.filter(({ field }) => field?.includes('description'));
  const ofTheRest = problems.filter((problem) => !ofDescription.includes(problem));

  const send = (event: FormEvent) => {
    event.preventDefault();
    void progress.register(algorithm, async ({ publicJwk }) => {
      if (registration === 'no') idempotencyKey.current = crypto.randomUUID();
      const authenticationMethod = {
        signingAlgorithm: algorithm,
        publicKeyInfo: { jwks: { keys: [publicJwk] } },
      };
      const input = {
        name,
        authenticationMethod,
        idempotencyKey: idempotencyKey.current,
        ...(description.trim() && { description: description.trim() }),
      };
      const { data: made } = await create({ variables: { input } });
      const created = made?.createToken?.token;
      // A user who has closed the dialog may be at another token by now.
      if (created && !isClosed.current) onCreated(created);
      return Boolean(created);
    });
  };

  const failure = failureOf(progress);
  const isDone = token && key && registration === 'yes';
  const title = isDone ? (
    <>
      <bdi>{token.name}</bdi> is ready
    </>
  ) : (
    'New token'
  );
  return (
    <Dialog title={title} onClose={close}>
      <KeyGuard progress={progress} name={name} onDiscard={onClose}>
        {isDone ? (
          <PrivateKey newKey={key} name={token.name} isSaved={isSaved} onSaved={setSaved} onClose={close} />
        ) : (
          <form onSubmit={send}>
            {/* What a lost request sent must not change: it may have been carried out. */}
            <fieldset disabled={registration !== 'no'}>
              <label htmlFor="name">Name</label>
              <input
                id="name"
                value={name}
                minLength={3}
                required
                aria-invalid={ofTheRest.length > 0}
                aria-describedby="name-problems"
                onChange={(event) => setName(event.target.value)}
              />
              <Problems id="name-problems" problems={ofTheRest} />
              <label htmlFor="description">
                Description <span className="count">optional</span>
              </label>
              <textarea
                id="description"
                rows={2}
                value={description}
                aria-invalid={ofDescription.length > 0}
                aria-describedby="description-hint description-problems"
                onChange={(event) => setDescription(event.target.value)}
              />
              <p id="description-hint" className="hint">
                For the records of IAM. It cannot be read back or changed later.
              </p>
              <Problems id="description-problems" problems={ofDescription} />
              <AlgorithmField value={algorithm} onChange={setAlgorithm} />
            </fieldset>
            <DialogFooter
              className="primary"
              disabled={isBusy}
              onCancel={close}
              failure={failure}
              retryHint="It may have been created: trying again gives you that token, not a second one."
            >
              {buttonText(isBusy, failure !== undefined)}
            </DialogFooter>
          </form>
        )}
      </KeyGuard>
    </Dialog>
  );
}

function Problems({ id, problems }: { id: string; problems: readonly { readonly message: string }[] }) {
  return (
    <div id={id} className="rejection" role="alert">
      {problems.map(({ message }) => message).join(' ')}
    </div>
  );
}

function buttonText(isBusy: boolean, hasFailed: boolean): string {
  if (isBusy) return 'Creating…';
  return hasFailed ? 'Try again' : 'Create token';
}
