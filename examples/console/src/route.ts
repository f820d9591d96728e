import { useSyncExternalStore } from 'react';

const LIST = '#/';
const PREFIX = '#/tokens/';

/** Follows `location.hash`, except while a guard keeps the page where it is. */
let current = location.hash;
const listeners = new Set<() => void>();
let guard: (() => void) | undefined;

/** The token that the address names, so that the back button and bookmarks work. */
export function useSelectedToken(): string | undefined {
  const hash = useSyncExternalStore(subscribe, () => current);
  return hash.startsWith(PREFIX) ? decode(hash.slice(PREFIX.length)) : undefined;
}

export function hrefOf(id: string): string {
  return PREFIX + encodeURIComponent(id);
}

/** Shows a token, or the list, as a new entry of the history. */
export function selectToken(id: string | undefined): void {
  location.hash = id === undefined ? LIST : hrefOf(id);
  setCurrent(location.hash);
}

/** Shows the list if this token is shown. A request may end when its user has gone on to another one. */
export function leaveToken(id: string): void {
  if (current === hrefOf(id) && !guard) selectToken(undefined);
}

/** Shows the list in place of the current entry, so that the address no longer names a token. */
export function resetRoute(): void {
  history.replaceState(null, '', LIST);
  setCurrent(location.hash);
}

/**
 * Until the returned function is called, the page stays where it is: the back button, or another address, calls `onLeave`
 * instead. Links of the application are behind a dialog then.
 */
export function guardRoute(onLeave: () => void): () => void {
  guard = onLeave;
  return () => {
    if (guard === onLeave) guard = undefined;
  };
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('hashchange', onHashChange);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('hashchange', onHashChange);
  };
}

function onHashChange(): void {
  if (location.hash === current) return;
  if (guard) {
    history.pushState(null, '', current || LIST);
    guard();
  } else {
    setCurrent(location.hash);
  }
}

function setCurrent(hash: string): void {
  current = hash;
  for (const listener of listeners) listener();
}

/** An address that somebody typed may hold a `%` that encodes nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
