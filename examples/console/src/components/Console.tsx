import { useState } from 'react';
import { selectToken, useSelectedToken } from '../route.ts';
import { CreateDialog } from './CreateDialog.tsx';
import { Logo } from './Logo.tsx';
import { TokenDetails } from './TokenDetails.tsx';
import { TokenList } from './TokenList.tsx';

export function Console({ onSignOut }: { onSignOut: () => void }) {
  const selected = useSelectedToken();
  const [isCreating, setCreating] = useState(false);
  const [message, setMessage] = useState('');
  return (
    <div className={selected ? 'console has-selection' : 'console'}>
      <header>
        <h1>
          <Logo /> Tokens
        </h1>
        <button type="button" className="primary" onClick={() => setCreating(true)}>
          New token
        </button>
        <button type="button" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <TokenList selected={selected} onCreate={() => setCreating(true)} />
      <main>
        {selected ? (
          <TokenDetails
            key={selected}
            id={selected}
            onBack={() => selectToken(undefined)}
            onChanged={setMessage}
            onDeleted={(name) => {
              setMessage(`${name} was deleted`);
              selectToken(undefined);
            }}
          />
        ) : (
          <div className="empty">
            <Logo />
            <p>Choose a token to see what it may do, and where.</p>
          </div>
        )}
      </main>
      {isCreating && (
        <CreateDialog
          onClose={() => setCreating(false)}
          onCreated={(token) => {
            setMessage(`${token.name} was created`);
            selectToken(token.id);
          }}
        />
      )}
      <p className="toast" role="status">
        {message}
      </p>
    </div>
  );
}
