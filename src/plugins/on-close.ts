import type { ServerResponse } from 'node:http';

const listenersOf = new WeakMap<ServerResponse, (() => void)[]>();

/**
 * Calls `listener` when the response is over, sent or not: every response closes. At once, if it has already: the client
 * need not wait for us. One listener of Node.js' for all of ours, as each is dearer than most of what they do.
 */
export function onClose(response: ServerResponse, listener: () => void): void {
  const listeners = listenersOf.get(response);
  if (response.destroyed) listener();
  else if (listeners) listeners.push(listener);
  else {
    listenersOf.set(response, [listener]);
    response.on('close', callListeners);
  }
}

function callListeners(this: ServerResponse): void {
  const listeners = listenersOf.get(this) ?? [];
  listenersOf.delete(this);
  for (const listener of listeners) listener();
}
