import type { Failure } from '../failure.ts';
import { Notice, RetryButton } from './Notice.tsx';

interface DialogFooterProps {
  /** The button that does it. */
  readonly children: string;
  readonly className: 'primary' | 'danger';
  readonly disabled: boolean;
  readonly onCancel: () => void;
  /** Absent in a form, which the button submits. */
  readonly onConfirm?: () => void;
  /** Why IAM or the gateway does not do it. */
  readonly rejection?: string | undefined;
  readonly failure: Failure | undefined;
  /** What its user should know before trying again. */
  readonly retryHint: string;
}

/** The end of every dialog that changes something: what went wrong, a way out, and the button that does it. */
export function DialogFooter({ rejection, failure, retryHint, onCancel, ...confirm }: DialogFooterProps) {
  const { children, className, disabled, onConfirm } = confirm;
  return (
    <>
      {rejection && (
        <p className="rejection" role="alert">
          {rejection}
        </p>
      )}
      {failure && <Notice failure={failure} retryHint={retryHint} />}
      <div className="actions end">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <RetryButton
          failure={failure}
          type={onConfirm ? 'button' : 'submit'}
          className={className}
          disabled={disabled}
          {...(onConfirm ? { onClick: onConfirm } : {})}
        >
          {children}
        </RetryButton>
      </div>
    </>
  );
}

interface SureFieldProps {
  /** `programs using this token lose access immediately`. */
  readonly consequence: string;
  readonly isSure: boolean;
  readonly onChange: (isSure: boolean) => void;
}

/** Nothing that ends access happens before its user has said so. */
export function SureField({ consequence, isSure, onChange }: SureFieldProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={isSure} onChange={(event) => onChange(event.target.checked)} />I
      understand that {consequence}
    </label>
  );
}
