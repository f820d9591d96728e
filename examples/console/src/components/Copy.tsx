import { useEffect, useState } from 'react';

/** A value in full, with a button that copies it. `what` is the name of the value: "id", "key id". */
export function Copyable({ value, what }: { value: string; what: string }) {
  return (
    <span className="copyable">
      <span className="code">{value}</span>
      <CopyButton value={value} what={what} />
    </span>
  );
}

function CopyButton({ value, what }: { value: string; what: string }) {
  const [result, setResult] = useState<'copied' | 'rejected'>();
  useEffect(() => {
    if (!result) return undefined;
    const timer = setTimeout(() => setResult(undefined), 2_000);
    return () => clearTimeout(timer);
  }, [result]);
  const copy = () =>
    navigator.clipboard.writeText(value).then(
      () => setResult('copied'),
      () => setResult('rejected'),
    );
  return (
    <>
      <button
        type="button"
        className="icon"
        aria-label={`Copy ${what}`}
        title={`Copy ${what}`}
        onClick={copy}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          {result === 'copied' ? (
            <path d="M3 8.5l3.2 3.2L13 5" />
          ) : (
            <>
              <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
              <path d="M10.5 2.5h-7a1 1 0 0 0-1 1v7" />
            </>
          )}
        </svg>
      </button>
      <span role="status" className="hint">
        {result === 'copied' && 'Copied'}
        {result === 'rejected' && 'The browser did not allow copying'}
      </span>
    </>
  );
}
