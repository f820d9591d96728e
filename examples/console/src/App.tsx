import { ApolloProvider } from '@apollo/client/react';
import { useMemo, useState } from 'react';
import { createClient } from './client.ts';
import { Console } from './components/Console.tsx';
import { SignIn } from './components/SignIn.tsx';

/** Everything below knows who is signed in; signing out forgets everything that was read. */
export function App() {
  const [authorization, setAuthorization] = useState<string>();
  const client = useMemo(() => (authorization ? createClient(authorization) : undefined), [authorization]);
  if (!client) return <SignIn onSignIn={setAuthorization} />;
  return (
    <ApolloProvider client={client}>
      <Console onSignOut={() => setAuthorization(undefined)} />
    </ApolloProvider>
  );
}
