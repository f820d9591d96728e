/**
 * What the log says of an error that nobody expected: its class, and where it was thrown. Its message and its other
 * members are left out, as they may hold anything that somebody sent.
 */
export function describeBug(error: unknown): { readonly type: string; readonly stack: readonly string[] } {
  if (!(error instanceof Error)) return { type: typeof error, stack: [] };
  const { name, message, stack = '' } = error;
  const frames = stack.replace(message, '').split('\n');
  return { type: name, stack: frames.map((line) => line.trim()).filter((line) => line.startsWith('at ')) };
}
