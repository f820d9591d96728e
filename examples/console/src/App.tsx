import type { ApolloClient } from '@apollo/client';
import { ApolloProvider } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { createClient } from './client.ts';
import { Console } from './components/Console.tsx';
import { SignIn } from './components/SignIn.tsx';
import { useIsKeyHeld } from './new-key.ts';
import { resetRoute } from './route.ts';

interface Session {
  readonly client: ApolloClient;
  /** The gateway does not accept the credential any more. */
  readonly isEnded: boolean;
}

/** Everything below knows who is signed in. Signing out forgets everything that was read, and the address. */
export function App() {
  const [session, setSession] = useState<Session>();
  // A dialog with a private key outlives its session, because the key cannot be made again.
  const isKeyHeld = useIsKeyHeld();
  const isOver = session?.isEnded === true && !isKeyHeld;
  useEffect(() => {
    // The next person starts at the list. The address of a first visit may be a bookmark.
    if (isOver) resetRoute();
  }, [isOver]);

  const signIn = (authorization: string) => {
    const client = createClient(authorization, () =>
      setSession((current) => (current?.client === client ? { client, isEnded: true } : current)),
    );
    setSession({ client, isEnded: false });
  };
  const signOut = () => {
    session?.client.stop();
    resetRoute();
    setSession(undefined);
  };
  if (!isSecureContext)
    return (
      <p className="empty" role="alert">
        Open this page at an https:// address or at http://localhost. Elsewhere the browser makes no keys, and
        sends your credential in the clear.
      </p>
    );
  if (!session || isOver) return <SignIn hasEnded={isOver} onSignIn={signIn} />;
  return (
    <ApolloProvider client={session.client}>
      <Console onSignOut={signOut} />
    </ApolloProvider>
  );
}
