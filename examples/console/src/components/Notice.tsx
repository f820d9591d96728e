import type { Failure } from '../failure.ts';
import { useSecondsLeft } from '../seconds-left.ts';

interface NoticeProps {
  readonly failure: Failure;
  readonly onRetry?: (() => void) | undefined;
  /** Of a write: what its user should know before trying again. */
  readonly retryHint?: string | undefined;
}

/** What failed, and what to do. Screen readers read it at once, but not each second of the countdown. */
export function Notice({ failure, onRetry, retryHint }: NoticeProps) {
  return (
    <div className="notice">
      <div role="alert">
        <strong>{failure.title}</strong>
        <p>
          {failure.advice} {failure.mayHaveSucceeded && retryHint}
        </p>
      </div>
      {onRetry && (
        <RetryButton failure={failure} type="button" onClick={onRetry}>
          Try again
        </RetryButton>
      )}
    </div>
  );
}

interface RetryButtonProps {
  /** Undefined as long as nothing failed. */
  readonly failure: Failure | undefined;
  readonly type: 'button' | 'submit';
  readonly children: string;
  readonly className?: string;
  readonly disabled?: boolean;
  readonly onClick?: () => void;
}

/** A button that waits, and counts down, when the gateway named a time to wait. */
export function RetryButton({ failure, children, disabled = false, ...button }: RetryButtonProps) {
  const seconds = useSecondsLeft(failure?.retryAtMs);
  return (
    <button {...button} disabled={disabled || seconds > 0}>
      {seconds > 0 ? `${children} in ${seconds} s` : children}
    </button>
  );
}
