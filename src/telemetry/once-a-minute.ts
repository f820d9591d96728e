/** `warn`, except within a minute of its last call: what is noticed by each request must not be a line of each. */
export function atMostOnceAMinute<Args extends unknown[]>(
  warn: (...args: Args) => void,
): (...args: Args) => void {
  let next = 0;
  return (...args) => {
    if (performance.now() < next) return;
    next = performance.now() + 60_000;
    warn(...args);
  };
}
