import type { ApolloServerPlugin, GraphQLServerListener } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';

export interface ExplorerOptions {
  readonly explorer: 'sandbox' | 'graphiql' | 'both' | 'off';
  /** An `Authorization` value that works, to begin with. Only the emulator has one. */
  readonly sampleAuthorization?: string | undefined;
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
export function explorer({ explorer, sampleAuthorization }: ExplorerOptions): ApolloServerPlugin {
  if (explorer === 'graphiql' || explorer === 'off') return ApolloServerPluginLandingPageDisabled();
  const sandbox = ApolloServerPluginLandingPageLocalDefault({
    embed: { runTelemetry: false, endpointIsEditable: false, initialState: { pollForSchemaUpdates: false } },
    includeCookies: false,
    footer: false,
    document: SAMPLE,
    variables: { first: 5 },
    headers: { Authorization: sampleAuthorization ?? 'Bearer <your user access token>' },
  });
  return {
    async serverWillStart(service) {
      const listener = await sandbox.serverWillStart?.(service);
      return listener ? withWayOut(listener, explorer) : undefined;
    },
  };
}

const OFFLINE = '<p>Apollo Sandbox cannot be loaded; it appears that you might be offline.</p>';
const WAY_OUT = {
  both: '<p><a href="/graphiql">GraphiQL</a> works without the internet.</p>',
  sandbox:
    '<p>GraphiQL works without the internet: run <code>node tools/graphiql/build.mjs</code> and start the gateway with <code>EXPLORER=both</code>.</p>',
};

/**
 * Sandbox comes from Apollo's servers. Its page says when they cannot be reached, below an empty area for Sandbox; here
 * it also says what to do then. The page is another each time: its policy has a nonce.
 */
function withWayOut(listener: GraphQLServerListener, explorer: keyof typeof WAY_OUT): GraphQLServerListener {
  return {
    ...listener,
    async renderLandingPage() {
      const page = await listener.renderLandingPage?.();
      const render = async () => (typeof page?.html === 'string' ? page.html : ((await page?.html()) ?? ''));
      return {
        html: async () =>
          (await render())
            .replace(OFFLINE, OFFLINE + WAY_OUT[explorer])
            .replace(
              '#embeddableSandbox {',
              '#embeddableSandbox:empty { display: none; } #embeddableSandbox {',
            ),
      };
    },
  };
}
