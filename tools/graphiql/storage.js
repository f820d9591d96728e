const TABS = 'graphiql:tabState';
const HISTORY = new Set(['graphiql:queries', 'graphiql:favorites']);

/**
 * The browser's storage without credentials. GraphiQL stores tabs without headers, so `headers` are added when it reads
 * them. It would store the headers of its history, so these are removed.
 */
export function createStorage(storage, headers) {
  return {
    getItem: (key) => (key === TABS ? withHeaders(storage.getItem(key), headers) : storage.getItem(key)),
    setItem: (key, value) => storage.setItem(key, HISTORY.has(key) ? withoutHeaders(value) : value),
    removeItem: (key) => storage.removeItem(key),
    clear: () => storage.clear(),
    get length() {
      return storage.length;
    },
  };
}

function withHeaders(text, headers) {
  try {
    const state = JSON.parse(text);
    const tabs = state.tabs.map((tab) => ({ ...tab, headers: tab.headers ?? headers }));
    return JSON.stringify({ ...state, tabs });
  } catch {
    return text;
  }
}

function withoutHeaders(text) {
  return JSON.stringify(JSON.parse(text), (key, value) => (key === 'headers' ? undefined : value));
}
