import type { Failure } from '../failure.ts';

interface NoticeProps {
  readonly failure: Failure;
  readonly onRetry?: (() => void) | undefined;
  /** Of a write: what its user should know before trying again. */
  readonly retryHint?: string | undefined;
}

/** What failed, and the way on. Screen readers say it at once. */
export function Notice({ failure, onRetry, retryHint }: NoticeProps) {
  return (
    <div className="notice" role="alert">
      <div>
        <strong>{failure.title}</strong>
        <p>
          {failure.advice} {failure.mayHaveSucceeded && retryHint}
        </p>
      </div>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
