import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { RetryLink } from '@apollo/client/link/retry';
import { relayStylePagination } from '@apollo/client/utilities';
import { type DocumentNode, OperationTypeNode } from 'graphql';
import { isUnauthenticated } from './failure.ts';
import possible from './gql/possible-types.ts';

/**
 * A client for one person. The credential is in the memory of the page only: a reload asks for it again. In production
 * it would be an access token of your identity provider, never a personal access token.
 */
export function createClient(authorization: string, onSessionEnd: () => void): ApolloClient {
  return new ApolloClient({
    link: ApolloLink.from([
      new ErrorLink(({ error }) => {
        if (isUnauthenticated(error)) onSessionEnd();
      }),
      // A query is sent again when the connection breaks. A mutation never is: its user decides.
      new RetryLink({
        delay: { initial: 300, jitter: true },
        attempts: {
          max: 3,
          retryIf: (error, operation) =>
            operation.operationType === OperationTypeNode.QUERY && error instanceof TypeError,
        },
      }),
      // Sends the id of a document in place of its text. The text follows only where the gateway has no manifest.
      new PersistedQueryLink({ generateHash }),
      new SetContextLink(({ headers }) => ({ headers: { ...headers, authorization } })),
      new HttpLink({ uri: '/graphql' }),
    ]),
    cache: new InMemoryCache({
      possibleTypes: possible.possibleTypes,
      typePolicies: {
        Query: { fields: { tokens: relayStylePagination() } },
        Token: { fields: { projects: relayStylePagination() } },
        // The same project has another policy under another token, so an edge has no identity of its own.
        TokenProjectEdge: { keyFields: false },
        TokenAuthenticationMethod: { merge: false },
      },
    }),
  });
}

/** The hash that graphql-codegen wrote into the document and into the manifest. */
function generateHash(document: DocumentNode & { readonly __meta__?: { readonly hash?: string } }): string {
  return document.__meta__?.hash ?? '';
}
