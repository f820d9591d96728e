import { useSyncExternalStore } from 'react';

const PREFIX = '#/tokens/';

/** The token that the address names, so that the back button and a bookmark work. */
export function useSelectedToken(): [id: string | undefined, select: (id: string | undefined) => void] {
  const hash = useSyncExternalStore(
    (onChange) => {
      addEventListener('hashchange', onChange);
      return () => removeEventListener('hashchange', onChange);
    },
    () => location.hash,
  );
  const id = hash.startsWith(PREFIX) ? decodeURIComponent(hash.slice(PREFIX.length)) : undefined;
  const select = (next: string | undefined) => {
    location.hash = next === undefined ? '#/' : PREFIX + encodeURIComponent(next);
  };
  return [id, select];
}
