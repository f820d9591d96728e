import type { Config } from '../config/config.ts';
import { createPage, type HtmlPage, hashSource, toScriptValue } from './page.ts';

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

/** Apollo publishes only the current version. */
const LIBRARY =
  'https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js';

/** The text in `main` appears if Sandbox does not within two seconds, or as soon as it cannot be loaded. */
const STYLE = `
:root { background: Canvas; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 640px; margin: 5vh auto; padding: 24px; opacity: 0; animation: appear 0s 2s forwards; }
.failed main { opacity: 1; animation: none; }
@keyframes appear { to { opacity: 1; } }
pre { white-space: pre-wrap; }
#sandbox { position: absolute; inset: 0; }
#sandbox:empty, body:has(iframe) main { display: none; }
iframe { width: 100%; height: 100%; border: none; background: white; }
`;

const WAY_OUT = {
  both: '<p><a href="/graphiql">Open GraphiQL</a>: the explorer of this gateway, which works without the internet.</p>',
  sandbox: `<p>GraphiQL works without the internet. It is not switched on here. To get it, start the gateway with <code>EXPLORER=both</code>:</p>
  <pre><code>EXPLORER=both npm run quickstart</code></pre>`,
};

/** The page of Apollo Sandbox, with an example operation. Undefined where it is not served. */
export function createSandboxPage(
  explorer: Config['explorer'],
  sampleAuthorization = 'Bearer <your credential>',
): HtmlPage | undefined {
  if (explorer === 'graphiql' || explorer === 'off') return undefined;
  const options = {
    target: '#sandbox',
    initialState: {
      document: SAMPLE,
      variables: { first: 5 },
      headers: { Authorization: sampleAuthorization },
      includeCookies: false,
      pollForSchemaUpdates: false,
    },
    hideCookieToggle: true,
    endpointIsEditable: false,
    runTelemetry: false,
    allowDynamicStyles: false,
  };
  // A link may contain an operation, in the parameters of GraphQL over HTTP.
  const script = `
const options = { ...${toScriptValue(options)}, initialEndpoint: location.origin + location.pathname };
const link = new URLSearchParams(location.search);
if (link.has('query')) {
  let variables = {};
  try { variables = JSON.parse(link.get('variables')) ?? {}; } catch {}
  Object.assign(options.initialState, { document: link.get('query'), variables });
  for (const graphiql of document.querySelectorAll('main a')) graphiql.search = location.search;
}
if (window.EmbeddedSandbox) new window.EmbeddedSandbox(options);
else document.body.className = 'failed';
`;
  const body = `<main>
  <h1>Apollo Sandbox cannot be reached</h1>
  <p>Apollo Sandbox is loaded from Apollo&rsquo;s servers, and this browser has no connection to them. The gateway itself works.</p>
  ${WAY_OUT[explorer]}
  <noscript><p>Apollo Sandbox needs JavaScript.</p></noscript>
</main>
<div id="sandbox"></div>
<script src="${LIBRARY}"></script>
<script>${script}</script>`;
  return createPage({
    title: 'Apollo Sandbox: Tokens Gateway',
    head: `<style>${STYLE}</style>`,
    body,
    policy: {
      'style-src': hashSource(STYLE),
      'script-src': `${new URL(LIBRARY).origin} ${hashSource(script)}`,
      'img-src': 'data:',
      // Sandbox runs in a frame of Apollo's server, and this page sends its requests.
      'frame-src': 'https://sandbox.embed.apollographql.com',
      'connect-src': "'self'",
    },
  });
}
