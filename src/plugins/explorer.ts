import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';

export interface ExplorerOptions {
  readonly sandbox: boolean;
  /** An `Authorization` value that works, to begin with. Only the emulator has one. */
  readonly sampleAuthorization: string | undefined;
}

const SAMPLE = `# Your tokens, each with the projects it may act in. Press the button to run it.
query TokensWithProjects($first: Int = 5) {
  tokens(first: $first) {
    nodes {
      id
      name
      projects(first: 3) {
        edges {
          node {
            name
          }
          policy {
            statements {
              effect
              actions
            }
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

/** Apollo Sandbox on `GET /graphql` in a browser, opened with a document that shows what there is. */
export function explorer({ sandbox, sampleAuthorization }: ExplorerOptions): ApolloServerPlugin {
  if (!sandbox) return ApolloServerPluginLandingPageDisabled();
  return ApolloServerPluginLandingPageLocalDefault({
    embed: { runTelemetry: false, endpointIsEditable: false, initialState: { pollForSchemaUpdates: false } },
    includeCookies: false,
    footer: false,
    document: SAMPLE,
    variables: { first: 5 },
    headers: { Authorization: sampleAuthorization ?? 'Bearer <your user access token>' },
  });
}
