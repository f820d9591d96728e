import { type ReactNode, useState } from 'react';
import { failureOf } from '../new-key.ts';
import { type Rotation, useRotation } from '../rotation.ts';
import { overlapAlgorithm, type TokenKeys } from '../token-keys.ts';
import { Dialog } from './Dialog.tsx';
import { DialogFooter, SureField } from './DialogFooter.tsx';
import { AlgorithmField, KeyGuard, PrivateKey } from './KeyFields.tsx';
import type { Token } from './TokenDetails.tsx';

interface RotateDialogProps {
  readonly token: Token;
  readonly onClose: () => void;
  readonly onChanged: (message: ReactNode) => void;
}

/** Registers a new key, and says before what that does to the present keys of this token. */
export function RotateDialog({ token, onClose, onChanged }: RotateDialogProps) {
  const name = <bdi>{token.name}</bdi>;
  const hasNewKey = <>{name} has a new key</>;
  const rotation = useRotation({
    token,
    onClose,
    onRegistered: (isOverlap) => onChanged(isOverlap ? <>A key was added to {name}</> : hasNewKey),
  });
  const { progress, isOverlap } = rotation;
  const { key, registration, isSaved, setSaved, close } = progress;
  const isDone = key && registration === 'yes';
  return (
    <Dialog title={isDone ? hasNewKey : <>Rotate the key of {name}</>} onClose={close}>
      <KeyGuard progress={progress} name={token.name} onDiscard={onClose}>
        {isDone && isOverlap && (
          <p className="note">
            The old key and the new one both work now. When every program uses the new one, remove the old one
            on the page of the token.
          </p>
        )}
        {isDone ? (
          <PrivateKey newKey={key} name={token.name} isSaved={isSaved} onSaved={setSaved} onClose={close} />
        ) : (
          <RotateForm rotation={rotation} />
        )}
      </KeyGuard>
    </Dialog>
  );
}

function RotateForm({ rotation }: { rotation: Rotation }) {
  const { keys, isOverlap, setOverlap, algorithm, setAlgorithm, rejection, progress, send } = rotation;
  const [isSure, setSure] = useState(false);
  const failure = failureOf(progress);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {/* What a lost request sent must not change: it may have been carried out. */}
      <fieldset disabled={progress.registration !== 'no'}>
        {keys.jwksUri === undefined ? (
          <PlanField keys={keys} isOverlap={isOverlap} onChange={setOverlap} />
        ) : (
          <AddressNote jwksUri={keys.jwksUri} />
        )}
        <AlgorithmField value={algorithm} onChange={setAlgorithm} isFixed={isOverlap} />
        {!isOverlap && (
          <SureField
            consequence={`programs using ${keys.jwksUri === undefined ? 'the present keys' : 'keys from this address'} lose access immediately`}
            isSure={isSure}
            onChange={setSure}
          />
        )}
      </fieldset>
      <DialogFooter
        className={isOverlap ? 'primary' : 'danger'}
        disabled={progress.isBusy || !(isOverlap || isSure)}
        onCancel={progress.close}
        rejection={rejection}
        failure={failure}
        retryHint="It may have been changed: trying again registers the same key."
      >
        {submitText(progress.isBusy, failure !== undefined, isOverlap)}
      </DialogFooter>
    </form>
  );
}

function submitText(isBusy: boolean, hasFailed: boolean, isOverlap: boolean): string {
  if (isBusy) return 'Registering…';
  if (hasFailed) return 'Try again';
  return isOverlap ? 'Add a new key' : 'Register a new key';
}

function AddressNote({ jwksUri }: { jwksUri: string }) {
  return (
    <>
      <p>
        IAM reads the keys of this token from <span className="code">{jwksUri}</span>.
      </p>
      <p className="note">
        To rotate a key without interruption, do nothing here: publish the new key at that address, beside the
        old one, and remove the old one when every program uses the new one.
      </p>
      <p>
        If you register a key here, IAM does not read that address any more. All keys that are published there
        stop working immediately.
      </p>
    </>
  );
}

interface PlanFieldProps {
  readonly keys: Extract<TokenKeys, { readonly jwksUri: undefined }>;
  readonly isOverlap: boolean;
  readonly onChange: (isOverlap: boolean) => void;
}

function PlanField({ keys, isOverlap, onChange }: PlanFieldProps) {
  const kids = keys.keys.map(({ kid }) => kid);
  const canOverlap = overlapAlgorithm(keys) !== undefined;
  return (
    <div role="radiogroup" aria-label="What happens to the present keys">
      <label className="choice">
        <input
          type="radio"
          name="plan"
          checked={isOverlap}
          disabled={!canOverlap}
          onChange={() => onChange(true)}
        />
        <span>
          <strong>
            {kids.length === 1
              ? 'Add a key and keep the present one'
              : `Add a key and keep all ${kids.length}`}
          </strong>
          <span className="hint">
            {canOverlap
              ? 'Programs keep working. Remove the old key when every program uses the new one.'
              : 'Not possible here: the present keys are not all of the algorithm of the token.'}
          </span>
        </span>
      </label>
      <label className="choice">
        <input type="radio" name="plan" checked={!isOverlap} onChange={() => onChange(false)} />
        <span>
          <strong>{kids.length === 1 ? 'Replace the present key' : `Replace all ${kids.length} keys`}</strong>
          <span className="hint">
            Programs that sign in with <Kids kids={kids} /> lose access immediately.
          </span>
        </span>
      </label>
    </div>
  );
}

function Kids({ kids }: { kids: readonly string[] }) {
  return kids.map((kid, index) => (
    <span key={kid}>
      {index > 0 && ' or '}
      <span className="code">{kid}</span>
    </span>
  ));
}
