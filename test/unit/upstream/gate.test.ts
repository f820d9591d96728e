import { describe, expect, it } from '@jest/globals';
import { createCancellation } from '../../../src/upstream/cancellation.ts';
import { createGate } from '../../../src/upstream/concurrency-limiter.ts';

const never = createCancellation();

describe('The gate before the API', () => {
  it('lets as many through as it has places, and the next as one leaves', async () => {
    const gate = createGate({ total: 2, perOwner: 2 });
    const owner = {};
    const leave = await gate.enter(owner, never);
    await gate.enter(owner, never);
    const third = gate.enter(owner, never);
    expect([gate.running, gate.waiting]).toEqual([2, 1]);
    leave();
    await third;
    expect([gate.running, gate.waiting]).toEqual([2, 0]);
  });

  it('lets a request with one call through before the rest of a request with many', async () => {
    const gate = createGate({ total: 1, perOwner: 2 });
    const order: string[] = [];
    const call = async (owner: object, name: string) => {
      const leave = await gate.enter(owner, never);
      order.push(name);
      leave();
    };
    const many = {};
    const leave = await gate.enter(many, never);
    const calls = [call(many, 'many-1'), call(many, 'many-2'), call({}, 'one')];
    leave();
    await Promise.all(calls);
    expect(order).toEqual(['many-1', 'one', 'many-2']);
  });

  it('keeps one request to its share while places are free', async () => {
    const gate = createGate({ total: 10, perOwner: 2 });
    const owner = {};
    await gate.enter(owner, never);
    await gate.enter(owner, never);
    void gate.enter(owner, never);
    await gate.enter({}, never);
    expect([gate.running, gate.waiting]).toEqual([3, 1]);
  });

  it('forgets who stopped waiting', async () => {
    const gate = createGate({ total: 1, perOwner: 1 });
    const leave = await gate.enter({}, never);
    const cancellation = createCancellation();
    const waiting = gate.enter({}, cancellation);
    cancellation.cancel('aborted');
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted', requestSent: false });
    leave();
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it('turns away a request that is over already', async () => {
    const gate = createGate({ total: 1, perOwner: 1 });
    await gate.enter({}, never);
    const cancellation = createCancellation();
    cancellation.cancel('timeout');
    await expect(gate.enter({}, cancellation)).rejects.toMatchObject({ kind: 'timeout', requestSent: false });
    expect(gate.waiting).toBe(0);
  });

  it('counts a place that is left twice once', async () => {
    const gate = createGate({ total: 1, perOwner: 1 });
    const leave = await gate.enter({}, never);
    leave();
    leave();
    expect(gate.running).toBe(0);
  });
});
