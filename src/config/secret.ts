/** A value that prints as `[secret]`, whoever prints it; only `reveal` gives it away. */
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
    // What util.inspect, and so console.log, calls. By its registered symbol: this file imports nothing.
    [Symbol.for('nodejs.util.inspect.custom')]: redact,
  });
}
