// GraphiQL over the gateway that serves this page: the page says where the endpoint is and what to begin with.
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { tabs } from 'sample-operations';
import { createStorage } from './storage.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';

// Files beside this one: a content security policy without `blob:` is enough.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(`/graphiql/${WORKERS[label] ?? WORKERS.editor}`),
};
const WORKERS = { editor: 'editor.js', json: 'json.js', graphql: 'graphql.js' };

const { authorization } = JSON.parse(document.getElementById('settings').textContent);
const headers = JSON.stringify({ Authorization: authorization }, undefined, 2);

/** Errors of HTTP's are GraphQL answers here too, so there is nothing to tell apart. */
async function fetcher(body, { headers: own = {} } = {}) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { accept: 'application/json', ...own, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={[HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })]}
    defaultTabs={tabs.map((tab) => ({ ...tab, headers }))}
    defaultHeaders={headers}
    defaultEditorToolsVisibility="headers"
    inputValueDeprecation={true}
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
    storage={createStorage(localStorage, headers)}
  >
    <GraphiQL.Logo>
      <span className="product">Tokens Gateway</span>
    </GraphiQL.Logo>
  </GraphiQL>,
);
