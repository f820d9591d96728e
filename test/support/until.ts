import { setTimeout } from 'node:timers/promises';

/** Below the time limit of a test, so that it is the wait that fails, with its line, and does not go on beside the next test. */
const LIMIT_MS = 100_000;

type Falsy = false | undefined | null | '' | 0;

/**
 * Waits until what `look` returns, or resolves to, is truthy, and resolves to that. Rejects after 100 s, also while `look`
 * itself waits, and with what it throws.
 */
export async function until<Value>(
  look: () => Value | Promise<Value>,
  everyMs = 5,
): Promise<Exclude<Awaited<Value>, Falsy>> {
  let isOver = false;
  const loop = async () => {
    for (;;) {
      const value = await look();
      if (value || isOver) return value as Exclude<Awaited<Value>, Falsy>;
      await setTimeout(everyMs);
    }
  };
  try {
    return await within(loop(), () => `${look}`);
  } finally {
    isOver = true;
  }
}

/** `promise`, or a rejection after 100 s with the words for what did not happen. */
export async function within<Value>(promise: Promise<Value>, what: () => string): Promise<Value> {
  const ended = new AbortController();
  const limit = setTimeout(LIMIT_MS, undefined, { signal: ended.signal, ref: false }).then(() => {
    throw new Error(`not after ${LIMIT_MS / 1000} s: ${what()}`);
  });
  // It rejects, too, when it is not needed any more.
  limit.catch(() => {});
  try {
    return await Promise.race([promise, limit]);
  } finally {
    ended.abort();
  }
}
