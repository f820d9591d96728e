import { type ReactNode, useState } from 'react';
import type { SigningAlgorithm } from '../gql/graphql.ts';
import { download, type NewKey } from '../keys.ts';
import type { KeyInProgress } from '../new-key.ts';

const ALGORITHMS: readonly [SigningAlgorithm, string][] = [
  ['ES256', 'ES256, elliptic curve P-256 (recommended)'],
  ['ES512', 'ES512, elliptic curve P-521'],
  ['RS256', 'RS256, RSA 3072 bits'],
  ['RS512', 'RS512, RSA 3072 bits'],
];

interface AlgorithmFieldProps {
  readonly value: SigningAlgorithm;
  readonly onChange: (value: SigningAlgorithm) => void;
  /** The new key has to be of the algorithm of the present ones. */
  readonly isFixed?: boolean;
}

export function AlgorithmField({ value, onChange, isFixed = false }: AlgorithmFieldProps) {
  return (
    <>
      <label htmlFor="algorithm">{isFixed ? 'Algorithm' : 'Key'}</label>
      <select
        id="algorithm"
        value={value}
        disabled={isFixed}
        onChange={(event) => onChange(event.target.value as SigningAlgorithm)}
      >
        {ALGORITHMS.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      <p className="hint">
        {isFixed
          ? 'All keys of a token are of one algorithm. To change it, replace the present key.'
          : 'This browser makes the key pair. Only the public half is sent; you download the private half.'}
      </p>
    </>
  );
}

interface PrivateKeyProps {
  readonly newKey: NewKey;
  /** Of the token. */
  readonly name: string;
  readonly isSaved: boolean;
  readonly onSaved: () => void;
}

/** The two ways to save the private key. Only one of them makes it safe to close. */
function SaveKey({ newKey, name, isSaved, onSaved }: PrivateKeyProps) {
  const [result, setResult] = useState('');
  const save = () => {
    download(`${name.replaceAll(/[^\w.-]+/g, '-')}.pem`, newKey.privateKeyPem);
    setResult('Downloaded.');
    onSaved();
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(newKey.privateKeyPem);
      setResult('Copied.');
      onSaved();
    } catch {
      setResult('The browser did not allow copying. Download the key instead.');
    }
  };
  return (
    <>
      <div className="actions">
        <button type="button" className={isSaved ? '' : 'primary'} onClick={save}>
          Download private key
        </button>
        <button type="button" onClick={copy}>
          Copy private key
        </button>
      </div>
      <p className="hint" role="status">
        {result || (isSaved && 'Saved.')}{' '}
        {isSaved && 'Keep it where only the program that needs it can read it.'}
      </p>
    </>
  );
}

/** The only time that anybody sees the private key. */
export function PrivateKey(props: PrivateKeyProps & { readonly onClose: () => void }) {
  return (
    <>
      <p>
        Save the private key now. It is in this page only, and nobody can bring it back after you close this
        window.
      </p>
      <dl>
        <dt>Key id</dt>
        <dd className="code">{props.newKey.publicJwk.kid}</dd>
        <dt>Algorithm</dt>
        <dd>{props.newKey.signingAlgorithm}</dd>
      </dl>
      <SaveKey {...props} />
      <div className="actions end">
        <button type="button" className={props.isSaved ? 'primary' : ''} onClick={props.onClose}>
          {props.isSaved ? 'Done' : 'Close without the key'}
        </button>
      </div>
    </>
  );
}

interface KeyGuardProps {
  readonly progress: KeyInProgress;
  readonly name: string;
  readonly onDiscard: () => void;
  readonly children: ReactNode;
}

/** Asks before a private key is lost. What was on the screen keeps its state, and comes back. */
export function KeyGuard({ progress, name, onDiscard, children }: KeyGuardProps) {
  const { key, registration, isSaved, isAsking, setSaved, keep } = progress;
  return (
    <>
      <div hidden={isAsking}>{children}</div>
      {isAsking && key && (
        <div className="question" role="alert">
          <p>
            <strong>The private key is not saved yet.</strong>
          </p>
          <p>
            {registration === 'yes'
              ? 'It is registered, and exists in this page only. If you discard it, no program can ever sign in with it.'
              : 'It is not known yet whether it was registered. If it was and you discard it, no program can ever sign in with it.'}
          </p>
          <SaveKey newKey={key} name={name} isSaved={isSaved} onSaved={setSaved} />
          <div className="actions end">
            {/* biome-ignore lint/a11y/noAutofocus: the safe answer to a question that has just been asked */}
            <button type="button" autoFocus onClick={keep}>
              Go back
            </button>
            <button type="button" className="danger" onClick={onDiscard}>
              Discard the key
            </button>
          </div>
        </div>
      )}
    </>
  );
}
