import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { RetryLink } from '@apollo/client/link/retry';
import { relayStylePagination } from '@apollo/client/utilities';
import { type DocumentNode, OperationTypeNode } from 'graphql';

/**
 * A client for one person. The credential is in the memory of the page and nowhere else: a reload asks for it again.
 * In production it would be an access token of your identity provider, never a personal access token.
 */
export function createClient(authorization: string): ApolloClient {
  return new ApolloClient({
    link: ApolloLink.from([
      // A read may be sent again when the connection breaks. A mutation never is: its user decides.
      new RetryLink({
        delay: { initial: 300, jitter: true },
        attempts: {
          max: 3,
          retryIf: (error, operation) =>
            operation.operationType === OperationTypeNode.QUERY && error instanceof TypeError,
        },
      }),
      // The id of a document in its place; the document itself only where the gateway has no manifest.
      new PersistedQueryLink({ generateHash }),
      new SetContextLink(({ headers }) => ({ headers: { ...headers, authorization } })),
      new HttpLink({ uri: '/graphql' }),
    ]),
    cache: new InMemoryCache({
      typePolicies: {
        Query: { fields: { tokens: relayStylePagination() } },
        Token: { fields: { projects: relayStylePagination() } },
        // The same project has another policy under another token, so nothing of an edge is normalized.
        TokenProjectEdge: { keyFields: false },
        TokenAuthenticationMethod: { merge: false },
      },
    }),
  });
}

/** As graphql-codegen made it, for the manifest. */
function generateHash(document: DocumentNode & { readonly __meta__?: { readonly hash?: string } }): string {
  return document.__meta__?.hash ?? '';
}
