/** A value that always prints as `[secret]`; only `reveal` returns it. */
export interface Secret {
  reveal(): string;
}

const REDACTED = '[secret]';

export function createSecret(value: string): Secret {
  const redact = () => REDACTED;
  return Object.freeze({
    reveal: () => value,
    toJSON: redact,
    toString: redact,
    // Called by util.inspect, and so by console.log. By its registered symbol, because this folder imports nothing.
    [Symbol.for('nodejs.util.inspect.custom')]: redact,
  });
}
