import type { ServerResponse } from 'node:http';

const LISTENERS = Symbol('listeners');

interface Watched extends ServerResponse {
  [LISTENERS]?: (() => void)[];
}

/**
 * Calls `listener` when the response is over, sent or not: every response closes. At once, if it has already: the client
 * need not wait for us. One listener of Node.js' for all of ours, as each is dearer than most of what they do.
 */
export function onClose(response: Watched, listener: () => void): void {
  if (response.destroyed) listener();
  else if (response[LISTENERS]) response[LISTENERS].push(listener);
  else {
    response[LISTENERS] = [listener];
    response.once('close', callListeners);
  }
}

function callListeners(this: Watched): void {
  for (const listener of this[LISTENERS] ?? []) listener();
}
