import { keysOf } from '../token-keys.ts';
import { Copyable } from './Copy.tsx';
import type { Token } from './TokenDetails.tsx';

interface PublicKeysProps {
  readonly token: Token;
  readonly onRemove: (kid: string) => void;
}

/** What the token signs in with. Where several keys are accepted, one of them can be removed. */
export function PublicKeys({ token, onRemove }: PublicKeysProps) {
  const { jwksUri, keys } = keysOf(token);
  if (jwksUri !== undefined) return <Copyable value={jwksUri} what="key set address" />;
  const isRotating = keys.length > 1;
  return (
    <>
      <ul className="keys">
        {keys.map(({ kid, kty, crv, alg }) => (
          <li key={kid}>
            <Copyable value={kid} what={`key id ${kid}`} />
            <span className="tag">{alg || token.authenticationMethod.signingAlgorithm}</span>
            <span className="tag">{crv ?? kty}</span>
            {isRotating && (
              <button
                type="button"
                className="small"
                aria-label={`Remove key ${kid}`}
                onClick={() => onRemove(kid)}
              >
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {isRotating && (
        <p className="hint">
          All of these keys are accepted. Remove the old ones when every program uses the new one.
        </p>
      )}
    </>
  );
}
