import { type Cancellation, cancelledError } from './cancellation.ts';

export type ConcurrencyLimiter = ReturnType<typeof createConcurrencyLimiter>;

const QUEUE = Symbol('queue');

/**
 * The queue is a member of its owner, not an entry of a map: V8 keeps the entries of a long-lived map, which change with
 * every request, until its next major collection.
 */
interface Owner {
  [QUEUE]?: Queue;
}

/** The calls of one owner. */
interface Queue {
  running: number;
  readonly waiting: { start(): void }[];
}

/**
 * At most `total` calls at once in this process, and `perOwner` for one owner (a GraphQL request). Owners that wait are
 * served round robin, so a request with fifty calls does not hold up one with a single call.
 */
export function createConcurrencyLimiter({ total, perOwner }: { total: number; perOwner: number }) {
  // Queues with a call that may start as soon as a slot is free, in round-robin order.
  const ready = new Set<Queue>();
  let running = 0;

  const refresh = (queue: Queue) => {
    if (queue.waiting.length > 0 && queue.running < perOwner) ready.add(queue);
    else ready.delete(queue);
  };
  const start = (queue: Queue): (() => void) => {
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

  return {
    /**
     * Returns the function that releases the slot, or a promise of it while no slot is free. Call it once, when the call is
     * over.
     */
    acquire(owner: Owner, cancellation: Cancellation): (() => void) | Promise<() => void> {
      owner[QUEUE] ??= { running: 0, waiting: [] };
      const queue = owner[QUEUE];
      if (running < total && queue.running < perOwner && queue.waiting.length === 0) return start(queue);
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
    },
  };
}
