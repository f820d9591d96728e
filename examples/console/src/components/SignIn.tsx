import { type FormEvent, useState } from 'react';
import { useTitle } from '../title.ts';
import { Logo } from './Logo.tsx';

interface SignInProps {
  /** The last session was ended by the gateway, not by its user. */
  readonly hasEnded: boolean;
  readonly onSignIn: (authorization: string) => void;
}

/** A real product would send people to its identity provider here. Over the emulator any credential is somebody. */
export function SignIn({ hasEnded, onSignIn }: SignInProps) {
  const [value, setValue] = useState(hasEnded ? '' : 'Bearer demo');
  useTitle('Sign in');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value.trim()) onSignIn(value.trim());
  };
  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit}>
        <h1>
          <Logo /> Tokens
        </h1>
        {hasEnded ? (
          <div className="notice" role="alert">
            <div>
              <strong>You are signed out</strong>
              <p>Your credential is wrong, or no longer accepted. Sign in again to go on.</p>
            </div>
          </div>
        ) : (
          <p>See and manage the personal access tokens that act for you, and the projects they reach.</p>
        )}
        <label htmlFor="credential">Credential</label>
        <input
          id="credential"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          placeholder="Bearer …"
          // What a header can hold: a credential that was copied with “ and ” cannot be sent.
          pattern="[ -~]+"
          title="The credential alone, without quotation marks"
          autoComplete="off"
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: it is the only thing on the page
          autoFocus
          required
        />
        <p className="hint">
          Kept in the memory of this page only. “Bearer demo” has the sample data of the emulator.
        </p>
        <button type="submit" className="primary">
          {hasEnded ? 'Sign in again' : 'Continue'}
        </button>
      </form>
    </main>
  );
}
