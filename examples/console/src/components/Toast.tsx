import { type ReactNode, useCallback, useEffect, useState } from 'react';

/** How long a message stays, unless the pointer or the focus is on it. */
const STAYS_MS = 6_000;

export interface Message {
  /** Another one for each message, so that the same text is announced again. */
  readonly id: number;
  readonly text: ReactNode;
}

/** The last message, and how to show another. */
export function useMessage(): readonly [Message | undefined, (text: ReactNode) => void, () => void] {
  const [message, setMessage] = useState<Message>();
  const show = useCallback(
    (text: ReactNode) => setMessage((last) => ({ id: (last?.id ?? 0) + 1, text })),
    [],
  );
  const dismiss = useCallback(() => setMessage(undefined), []);
  return [message, show, dismiss];
}

/** A short message about what was done. It goes away by itself, and by its button. */
export function Toast({ message, onDismiss }: { message: Message | undefined; onDismiss: () => void }) {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (!message || isHeld) return undefined;
    const timer = setTimeout(onDismiss, STAYS_MS);
    return () => clearTimeout(timer);
  }, [message, isHeld, onDismiss]);
  const dismiss = () => {
    setHeld(false);
    onDismiss();
  };
  return (
    // The region is always there: screen readers announce what is put into it later.
    <div
      className="toast"
      role="status"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {message && (
        <div key={message.id}>
          <span>{message.text}</span>
          <button type="button" aria-label="Dismiss" onClick={dismiss}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
