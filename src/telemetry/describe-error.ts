/**
 * The log's description of an unexpected error: its class, and where it was thrown. Its message and its other members are
 * left out, as they may hold anything that a client sent.
 */
export function describeError(error: unknown): { readonly type: string; readonly stack: readonly string[] } {
  if (!(error instanceof Error)) return { type: typeof error, stack: [] };
  const { name, message, stack = '' } = error;
  const frames = stack.replace(message, '').split('\n');
  return { type: name, stack: frames.map((line) => line.trim()).filter((line) => line.startsWith('at ')) };
}
