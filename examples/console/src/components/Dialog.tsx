import { type ReactNode, type SyntheticEvent, useId, useLayoutEffect, useRef } from 'react';

interface DialogProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  /** Escape, or the back gesture of a telephone. The dialog stays open until its owner removes it. */
  readonly onClose: () => void;
}

/** The browser's own dialog: it keeps the focus inside, and gives it back. A click beside it does nothing. */
export function Dialog({ title, children, onClose }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    // Close it while it is still in the page: a dialog that is removed does not give the focus back.
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // The element that had the focus may be gone, for example the delete button of a deleted token.
      requestAnimationFrame(focusPage);
    };
  }, []);
  const onCancel = (event: SyntheticEvent) => {
    // Chromium closes a dialog at the second Escape in a row, whatever the page says: `onForcedClose` follows then.
    if (!event.cancelable) return;
    event.preventDefault();
    onClose();
  };
  const onForcedClose = ({ currentTarget }: SyntheticEvent<HTMLDialogElement>) => {
    if (currentTarget.open) return;
    currentTarget.showModal();
    onClose();
  };
  return (
    <dialog ref={ref} aria-labelledby={titleId} onCancel={onCancel} onClose={onForcedClose}>
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Puts the focus on the token, or on the list where no token is shown, if it is nowhere. */
function focusPage(): void {
  if (document.activeElement !== document.body) return;
  const regions = document.querySelectorAll<HTMLElement>('main, nav');
  for (const region of regions) region.focus();
}
