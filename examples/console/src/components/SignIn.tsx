import { type FormEvent, useState } from 'react';
import { Logo } from './Logo.tsx';

/** Where a real product would send people to its identity provider. Over the emulator any credential is somebody. */
export function SignIn({ onSignIn }: { onSignIn: (authorization: string) => void }) {
  const [value, setValue] = useState('Bearer demo');
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
        <p>See and manage the personal access tokens that act for you, and the projects they reach.</p>
        <label htmlFor="credential">Credential</label>
        <input
          id="credential"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          required
        />
        <p className="hint">
          Kept in the memory of this page only. “Bearer demo” has the emulator's sample data.
        </p>
        <button type="submit" className="primary">
          Continue
        </button>
      </form>
    </main>
  );
}
