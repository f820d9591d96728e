// GraphiQL for the gateway that serves this page. The page contains the settings.
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { pick, useGraphiQL } from '@graphiql/react';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { tabs } from 'sample-operations';
import { createStorage } from './storage.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';

// Workers are files beside this one, so the content security policy needs no `blob:`.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(`/graphiql/${WORKERS[label] ?? WORKERS.editor}`),
};
const WORKERS = { editor: 'editor.js', json: 'json.js', graphql: 'graphql.js' };

/** The emulator has the same ids at every start. In front of the real API the user replaces the placeholders. */
const EMULATOR_IDS = {
  '<first token>': 'a0c7c431-104c-4fb7-af16-15ad433ccbed',
  '<token with many projects>': 'd3db6fa2-3c65-40a6-a384-ce86700dcfbe',
};
const { authorization, isEmulator } = JSON.parse(document.getElementById('settings').textContent);
const headers = JSON.stringify({ Authorization: authorization }, undefined, 2);

const fillIn = (text) => (isEmulator ? text.replace(/<[^>]+>/g, (name) => EMULATOR_IDS[name] ?? name) : text);

/** HTTP errors of the gateway are GraphQL responses as well. Of any other error GraphiQL would show the stack. */
async function fetcher(body, { headers: own = {} } = {}) {
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { accept: 'application/json', ...own, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return await response.json();
  } catch ({ message }) {
    return { errors: [{ message: `The gateway did not respond: ${message}` }] };
  }
}

const samples = tabs.map(({ query, variables }) => ({ query, variables: fillIn(variables), headers }));

/** The operation of a link, in the parameters of GraphQL over HTTP. It has a tab of its own, and is not run. */
const link = new URLSearchParams(location.search);
const linked = link.has('query')
  ? { query: link.get('query'), variables: link.get('variables') ?? '', headers }
  : undefined;

/** GraphiQL opens the active tab without its variables, at the first visit and after a reload. This component adds them. */
function ShowVariables() {
  const { variableEditor, tabs, activeTabIndex } = useGraphiQL(
    pick('variableEditor', 'tabs', 'activeTabIndex'),
  );
  const variables = tabs[activeTabIndex]?.variables;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the editor is there; its user may empty it
  useEffect(() => {
    if (variables && variableEditor?.getValue() === '') variableEditor.setValue(variables);
  }, [variableEditor]);
  return null;
}

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={[HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })]}
    defaultTabs={linked ? [linked, ...samples] : samples}
    initialQuery={linked?.query}
    initialVariables={linked?.variables}
    initialHeaders={headers}
    defaultHeaders={headers}
    defaultEditorToolsVisibility="variables"
    inputValueDeprecation={true}
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
    storage={createStorage(localStorage, headers)}
  >
    <GraphiQL.Logo>
      <ShowVariables />
      <span className="product">Tokens Gateway</span>
    </GraphiQL.Logo>
  </GraphiQL>,
);
