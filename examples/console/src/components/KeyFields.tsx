import type { SigningAlgorithm } from '../gql/graphql.ts';
import { download, type NewKey } from '../keys.ts';

const ALGORITHMS: readonly [SigningAlgorithm, string][] = [
  ['ES256', 'ES256, elliptic curve P-256 (recommended)'],
  ['ES512', 'ES512, elliptic curve P-521'],
  ['RS256', 'RS256, RSA 3072 bits'],
  ['RS512', 'RS512, RSA 3072 bits'],
];

interface AlgorithmFieldProps {
  readonly value: SigningAlgorithm;
  readonly onChange: (value: SigningAlgorithm) => void;
}

export function AlgorithmField({ value, onChange }: AlgorithmFieldProps) {
  return (
    <>
      <label htmlFor="algorithm">Key</label>
      <select
        id="algorithm"
        value={value}
        onChange={(event) => onChange(event.target.value as SigningAlgorithm)}
      >
        {ALGORITHMS.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      <p className="hint">
        The key pair is made in this browser. Only its public half is sent; you download the private half.
      </p>
    </>
  );
}

interface PrivateKeyProps {
  readonly newKey: NewKey;
  readonly name: string;
  readonly isSaved: boolean;
  readonly onSaved: () => void;
}

/** The only time that anybody sees it. */
export function PrivateKey({ newKey, name, isSaved, onSaved }: PrivateKeyProps) {
  return (
    <>
      <p>
        Download the private key now. It is in this page only: once you close this window, nobody can bring it
        back.
      </p>
      <button
        type="button"
        className="primary"
        onClick={() => {
          download(`${name.replaceAll(/[^\w.-]+/g, '-')}.pem`, newKey.privateKeyPem);
          onSaved();
        }}
      >
        Download private key
      </button>
      <p className="hint" role="status">
        {isSaved
          ? 'Downloaded. Keep it where only the program that needs it can read it.'
          : `Key id ${newKey.publicJwk.kid}`}
      </p>
    </>
  );
}
