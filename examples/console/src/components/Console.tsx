import { useEffect, useRef, useState } from 'react';
import { hrefOf, leaveToken, selectToken, useSelectedToken } from '../route.ts';
import { useTitle } from '../title.ts';
import { CreateDialog } from './CreateDialog.tsx';
import { Logo } from './Logo.tsx';
import { Toast, useMessage } from './Toast.tsx';
import { TokenDetails } from './TokenDetails.tsx';
import { TokenList } from './TokenList.tsx';

export function Console({ onSignOut }: { onSignOut: () => void }) {
  const selected = useSelectedToken();
  const [isCreating, setCreating] = useState(false);
  const [message, showMessage, dismissMessage] = useMessage();
  const main = useFocusOf(selected);
  return (
    <div className={selected ? 'console has-selection' : 'console'}>
      {selected && (
        <button type="button" className="skip" onClick={() => main.current?.focus()}>
          Skip to the token
        </button>
      )}
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
      <main ref={main} tabIndex={-1}>
        {selected ? (
          <TokenDetails
            key={selected}
            id={selected}
            onBack={() => selectToken(undefined)}
            onChanged={showMessage}
            onDeleted={(token) => {
              showMessage(
                <>
                  <bdi>{token.name}</bdi> was deleted
                </>,
              );
              leaveToken(token.id);
            }}
          />
        ) : (
          <NothingSelected />
        )}
      </main>
      {isCreating && (
        <CreateDialog
          onClose={() => setCreating(false)}
          onCreated={(token) => {
            showMessage(
              <>
                <bdi>{token.name}</bdi> was created
              </>,
            );
            selectToken(token.id);
          }}
        />
      )}
      <Toast message={message} onDismiss={dismissMessage} />
    </div>
  );
}

function NothingSelected() {
  useTitle(undefined);
  return (
    <div className="empty">
      <Logo />
      <p>Choose a token to see what it may do, and where.</p>
    </div>
  );
}

/**
 * Moves the focus with the selection: into the token that was chosen, so that its actions are the next ones, and back to
 * its row in the list. The returned reference is for the element that shows the token.
 */
function useFocusOf(selected: string | undefined) {
  const main = useRef<HTMLElement>(null);
  const last = useRef(selected);
  useEffect(() => {
    const previous = last.current;
    last.current = selected;
    if (selected === previous) return;
    main.current?.scrollTo(0, 0);
    if (selected !== undefined) return main.current?.focus();
    const row =
      previous && document.querySelector<HTMLElement>(`nav a[href="${CSS.escape(hrefOf(previous))}"]`);
    (row || document.querySelector<HTMLElement>('nav'))?.focus();
  }, [selected]);
  return main;
}
