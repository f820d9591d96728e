import { describe, expect, it } from '@jest/globals';
import { type CallQueue, createCallQueue } from '../../../src/upstream/attempt.ts';
import { CancellationSource } from '../../../src/upstream/cancellation.ts';
import { createConcurrencyLimiter } from '../../../src/upstream/send.ts';

const never = new CancellationSource();

/** Whether a call of another request would start now. It takes the place until the end of the test. */
function hasPlace(acquire: ReturnType<typeof createConcurrencyLimiter>): boolean {
  return typeof acquire(createCallQueue(), never) === 'function';
}

describe('The limit of concurrent calls', () => {
  it('lets as many calls run as it has slots, and the next one when a slot is released', async () => {
    const acquire = createConcurrencyLimiter({ total: 2, perRequest: 2 });
    const queue = createCallQueue();
    const release = await acquire(queue, never);
    await acquire(queue, never);
    const third = acquire(queue, never);
    expect(third).toBeInstanceOf(Promise);
    release();
    await third;
    expect(hasPlace(acquire)).toBe(false);
  });

  it('lets a request with one call through before the rest of a request with many', async () => {
    const acquire = createConcurrencyLimiter({ total: 1, perRequest: 2 });
    const order: string[] = [];
    const call = async (queue: CallQueue, name: string) => {
      const release = await acquire(queue, never);
      order.push(name);
      release();
    };
    const many = createCallQueue();
    const release = await acquire(many, never);
    const calls = [call(many, 'many-1'), call(many, 'many-2'), call(createCallQueue(), 'one')];
    release();
    await Promise.all(calls);
    expect(order).toEqual(['many-1', 'one', 'many-2']);
  });

  it('limits the calls of one request while slots are free', async () => {
    const acquire = createConcurrencyLimiter({ total: 10, perRequest: 2 });
    const queue = createCallQueue();
    await acquire(queue, never);
    await acquire(queue, never);
    expect(acquire(queue, never)).toBeInstanceOf(Promise);
    expect(hasPlace(acquire)).toBe(true);
  });

  it('removes a call that is cancelled while it waits', async () => {
    const acquire = createConcurrencyLimiter({ total: 1, perRequest: 1 });
    const release = await acquire(createCallQueue(), never);
    const cancellation = new CancellationSource();
    const waiting = acquire(createCallQueue(), cancellation);
    cancellation.cancel('aborted');
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted', requestSent: false });
    release();
    expect([hasPlace(acquire), hasPlace(acquire)]).toEqual([true, false]);
  });

  it('rejects a request whose deadline has passed', async () => {
    const acquire = createConcurrencyLimiter({ total: 1, perRequest: 1 });
    const release = await acquire(createCallQueue(), never);
    const cancellation = new CancellationSource();
    cancellation.cancel('timeout');
    await expect(acquire(createCallQueue(), cancellation)).rejects.toMatchObject({
      kind: 'timeout',
      requestSent: false,
    });
    release();
    expect(hasPlace(acquire)).toBe(true);
  });
});
