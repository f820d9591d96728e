import { useEffect } from 'react';

const PRODUCT = 'Tokens';

/** Names the page in the tab and in the history: `billing-worker · Tokens`. Undefined is the list. */
export function useTitle(page: string | undefined): void {
  useEffect(() => {
    document.title = page === undefined ? PRODUCT : `${page} · ${PRODUCT}`;
  }, [page]);
}
