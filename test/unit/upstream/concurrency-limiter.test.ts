import { describe, expect, it } from '@jest/globals';
import { createCancellation } from '../../../src/upstream/cancellation.ts';
import {
  type ConcurrencyLimiter,
  createConcurrencyLimiter,
} from '../../../src/upstream/concurrency-limiter.ts';

const never = createCancellation();

/** Whether a call of another request would start now. It takes the place until the end of the test. */
function hasPlace(limiter: ConcurrencyLimiter): boolean {
  return typeof limiter.acquire({}, never) === 'function';
}

describe('The limit of concurrent calls', () => {
  it('lets as many calls run as it has slots, and the next one when a slot is released', async () => {
    const limiter = createConcurrencyLimiter({ total: 2, perOwner: 2 });
    const owner = {};
    const release = await limiter.acquire(owner, never);
    await limiter.acquire(owner, never);
    const third = limiter.acquire(owner, never);
    expect(third).toBeInstanceOf(Promise);
    release();
    await third;
    expect(hasPlace(limiter)).toBe(false);
  });

  it('lets a request with one call through before the rest of a request with many', async () => {
    const limiter = createConcurrencyLimiter({ total: 1, perOwner: 2 });
    const order: string[] = [];
    const call = async (owner: object, name: string) => {
      const release = await limiter.acquire(owner, never);
      order.push(name);
      release();
    };
    const many = {};
    const release = await limiter.acquire(many, never);
    const calls = [call(many, 'many-1'), call(many, 'many-2'), call({}, 'one')];
    release();
    await Promise.all(calls);
    expect(order).toEqual(['many-1', 'one', 'many-2']);
  });

  it('limits the calls of one request while slots are free', async () => {
    const limiter = createConcurrencyLimiter({ total: 10, perOwner: 2 });
    const owner = {};
    await limiter.acquire(owner, never);
    await limiter.acquire(owner, never);
    expect(limiter.acquire(owner, never)).toBeInstanceOf(Promise);
    expect(hasPlace(limiter)).toBe(true);
  });

  it('removes a call that is cancelled while it waits', async () => {
    const limiter = createConcurrencyLimiter({ total: 1, perOwner: 1 });
    const release = await limiter.acquire({}, never);
    const cancellation = createCancellation();
    const waiting = limiter.acquire({}, cancellation);
    cancellation.cancel('aborted');
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted', requestSent: false });
    release();
    expect([hasPlace(limiter), hasPlace(limiter)]).toEqual([true, false]);
  });

  it('rejects a request whose deadline has passed', async () => {
    const limiter = createConcurrencyLimiter({ total: 1, perOwner: 1 });
    const release = await limiter.acquire({}, never);
    const cancellation = createCancellation();
    cancellation.cancel('timeout');
    await expect(limiter.acquire({}, cancellation)).rejects.toMatchObject({
      kind: 'timeout',
      requestSent: false,
    });
    release();
    expect(hasPlace(limiter)).toBe(true);
  });
});
