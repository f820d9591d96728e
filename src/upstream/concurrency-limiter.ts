import { type Cancellation, cancelledError } from './cancellation.ts';

/**
 * The calls of one GraphQL request. Its creator keeps it, rather than a map of all queues: V8 keeps deleted entries of a
 * long-lived map until its next major collection.
 */
export interface CallQueue {
  running: number;
  readonly waiting: { start(): void }[];
}

export function createCallQueue(): CallQueue {
  return { running: 0, waiting: [] };
}

/**
 * At most `total` calls at once in this process, and `perRequest` in one queue. Queues with waiting calls are served round
 * robin, so a request with fifty calls does not hold up one with a single call.
 */
export function createConcurrencyLimiter({ total, perRequest }: { total: number; perRequest: number }) {
  // Queues with a call that may start as soon as a slot is free, in round-robin order.
  const ready = new Set<CallQueue>();
  let running = 0;

  const refresh = (queue: CallQueue) => {
    if (queue.waiting.length > 0 && queue.running < perRequest) ready.add(queue);
    else ready.delete(queue);
  };
  const start = (queue: CallQueue): (() => void) => {
    running++;
    queue.running++;
    return () => {
      running--;
      queue.running--;
      refresh(queue);
      startNext();
    };
  };
  const startNext = () => {
    while (running < total) {
      const [queue] = ready;
      if (!queue) return;
      ready.delete(queue);
      queue.waiting.shift()?.start();
      refresh(queue);
    }
  };

  /**
   * Returns the function that releases the slot, or a promise of it while no slot is free. Call it once, when the call is
   * over.
   */
  return (queue: CallQueue, cancellation: Cancellation): (() => void) | Promise<() => void> => {
    if (running < total && queue.running < perRequest && queue.waiting.length === 0) return start(queue);
    return new Promise((resolve, reject) => {
      if (cancellation.reason) return reject(cancelledError(cancellation, false));
      const call = {
        start() {
          removeListener();
          resolve(start(queue));
        },
      };
      const removeListener = cancellation.onCancel(() => {
        queue.waiting.splice(queue.waiting.indexOf(call), 1);
        refresh(queue);
        reject(cancelledError(cancellation, false));
      });
      queue.waiting.push(call);
      refresh(queue);
    });
  };
}
